#include "engine/plan/gathering.h"

#include "engine/plan/bind_json.h"
#include "engine/plan/bind_over.h"
#include "engine/plan/catalog.h"
#include "engine/sql/token.h"
#include "ops/expr/functions.h"
#include "state/multiset.h"

#include <optional>
#include <string>
#include <utility>

namespace thalweg::plan {

namespace {

using sql::SqlError;

class Gatherer {
  public:
    Gatherer(const sql::Call& call,
             const Gathering::Bind& bind,
             const ExprSettings& settings,
             sql::Location at)
        : call_(call), bind_(bind), settings_(settings), at_(at) {
        gathering_.call.kind = AggregateKind::kListAgg;
        gathering_.call.is_distinct = call.distinct;
    }

    Gathering make() {
        const std::string name = sql::to_upper(last_part(call_.name));
        const bool is_array = name == "ARRAY_AGG";
        if (!is_array && name != "LISTAGG" && !call_.within_group.empty())
            throw sql::not_supported(at_, "an order in " + name);
        if (!is_array && call_.nulls != sql::NullTreatment::kNone)
            throw sql::not_supported(at_, "IGNORE NULLS and RESPECT NULLS");
        if (is_array) {
            array();
        } else if (name == "COLLECT") {
            multiset();
        } else if (name == "LISTAGG") {
            ordered_texts();
        } else if (name == "PERCENTILE") {
            percentile();
        } else {
            json(name == "JSON_OBJECTAGG");
        }
        gathering_.call.argument_type = gathering_.element->type;
        gathering_.call.result_type =
            gathering_.element->type.is_binary() ? Type::bytes() : Type::string();
        return std::move(gathering_);
    }

  private:
    ExprPtr call(std::string_view name, std::vector<ExprPtr> arguments) const {
        auto made = make_call(name, std::move(arguments), settings_);
        if (!made) throw SqlError(at_, made.error().message);
        return *std::move(made);
    }

    static ExprPtr word(std::string text) {
        return make_literal({std::move(text)}, Type::string().not_null());
    }

    // The only argument, a value.
    ExprPtr argument() const {
        if (call_.arguments.size() != 1) throw SqlError(at_, name() + " takes one argument");
        return value(0);
    }

    ExprPtr value(std::size_t index) const {
        const sql::Expr& expr = *call_.arguments[index].value;
        if (std::holds_alternative<sql::Star>(expr.node))
            throw SqlError(at_, name() + "(*) is not an aggregate, only COUNT(*) is");
        ExprPtr value = bind_(expr);
        if (value->type.kind == TypeKind::kNull)
            throw SqlError(expr.location, name() + " of a NULL without a type");
        return value;
    }

    [[nodiscard]] const std::string& name() const { return last_part(call_.name); }

    // Elements of values in the order that the call asks for, or as they come.
    void set_elements(const ExprPtr& value, bool keeps_nulls) {
        if (call_.within_group.empty()) {
            gathering_.element = call(keeps_nulls ? "$ELEMENT" : "$PRESENT_ELEMENT", {value});
            return;
        }
        std::vector<ExprPtr> cells = {value};
        std::vector<ExprPtr> types;
        std::string how;
        for (const sql::OrderItem& item : call_.within_group) {
            ExprPtr key = bind_(*item.expr);
            check_sortable(key->type, "ORDER BY", item.expr->location);
            const SortItem sort = sort_item(item);
            how += sort.is_descending ? (sort.nulls_first ? 'D' : 'd')
                                      : (sort.nulls_first ? 'A' : 'a');
            types.push_back(make_literal({}, key->type.with_nullable(true)));
            cells.push_back(std::move(key));
        }
        gathering_.element = call("$ORDERED_ELEMENT", std::move(cells));
        if (!keeps_nulls && value->type.nullable) {
            const ExprPtr none = make_literal({}, gathering_.element->type.with_nullable(true));
            gathering_.element = call("CASE", {call("IS NULL", {value}), none, gathering_.element});
        }
        const ExprPtr is_distinct = make_literal({call_.distinct}, Type::boolean().not_null());
        in_order_ = {word(how), is_distinct};
        in_order_.insert(in_order_.end(), types.begin(), types.end());
    }

    // The values of a list in their order; captured by value, the gatherer does not live on.
    static ExprPtr ordered(ExprPtr list,
                           const std::vector<ExprPtr>& in_order,
                           const ExprSettings& settings) {
        if (in_order.empty()) return list;
        std::vector<ExprPtr> arguments = {std::move(list)};
        arguments.insert(arguments.end(), in_order.begin(), in_order.end());
        return make_call("$IN_ORDER", std::move(arguments), settings).value();
    }

    void array() {
        const ExprPtr element = argument();
        set_elements(element, call_.nulls != sql::NullTreatment::kIgnore);
        const bool has_nulls = element->type.nullable && call_.nulls != sql::NullTreatment::kIgnore;
        finish_as("$ARRAY_OF", Type::array(element->type.with_nullable(has_nulls)));
    }

    void multiset() {
        const ExprPtr element = argument();
        set_elements(element, false);
        finish_as("$MULTISET_OF", multiset_of(element->type.not_null()));
    }

    void finish_as(std::string_view name, const Type& type) {
        const Function& function = *find_functions(name)[0];
        gathering_.finish =
            [in_order = in_order_, settings = settings_, &function, type](ExprPtr list) {
                list = ordered(std::move(list), in_order, settings);
                return make_bound_call(function, {std::move(list)}, type, settings).value();
            };
    }

    void ordered_texts() {
        const std::string separator = list_separator(call_, bind_, at_);
        const ExprPtr text = value(0);
        if (!text->type.is_character())
            throw SqlError(
                at_, aggregate_result_type(AggregateKind::kListAgg, text->type).error().message);
        set_elements(text, false);
        gathering_.finish = [in_order = in_order_, settings = settings_, separator](ExprPtr list) {
            list = ordered(std::move(list), in_order, settings);
            return make_call("$TEXTS_OF", {std::move(list), word(separator)}, settings).value();
        };
    }

    // PERCENTILE(value, percentage or percentages [, how often]).
    void percentile() {
        const std::size_t count = call_.arguments.size();
        if (count != 2 && count != 3)
            throw SqlError(at_, "PERCENTILE takes a value, a percentage and perhaps a frequency");
        if (call_.distinct) throw sql::not_supported(at_, "DISTINCT in PERCENTILE");
        const auto number = [&](const ExprPtr& expr, const Type& type, bool fits) {
            if (!fits)
                throw SqlError(at_,
                               "PERCENTILE takes numbers, and how often they are there as an "
                               "integer, not " +
                                   expr->type.with_nullable(true).to_string());
            auto cast = make_cast(expr, type, CastMode::kCast, settings_);
            if (!cast) throw SqlError(at_, cast.error().message);
            return *std::move(cast);
        };
        const ExprPtr what = value(0);
        const ExprPtr often =
            count == 3 ? value(2) : make_literal({std::int64_t{1}}, Type::bigint().not_null());
        gathering_.element = call("$PRESENT_ELEMENT",
                                  {number(what, Type::double_precision(), what->type.is_numeric()),
                                   number(often, Type::bigint(), often->type.is_integer())});
        const ExprPtr share = bind_(*call_.arguments[1].value);
        if (reads_columns(*share))
            throw SqlError(call_.arguments[1].value->location,
                           "PERCENTILE's percentage must be a literal, or an ARRAY of some");
        static_cast<void>(call("$PERCENTILE_OF", {make_column(0, Type::bytes()), share}));
        gathering_.finish = [share, settings = settings_](ExprPtr list) {
            return make_call("$PERCENTILE_OF", {std::move(list), share}, settings).value();
        };
    }

    static bool reads_columns(const Expr& expr) {
        if (expr.kind == ExprKind::kColumn) return true;
        for (const ExprPtr& argument : expr.arguments) {
            if (reads_columns(*argument)) return true;
        }
        return false;
    }

    void json(bool is_object) {
        std::vector<ExprPtr> arguments =
            json_arguments(is_object ? "JSON_OBJECT" : "JSON_ARRAY", call_, bind_, settings_);
        if (arguments.size() != (is_object ? 4U : 3U))
            throw SqlError(at_,
                           is_object ? "JSON_OBJECTAGG takes KEY key VALUE value"
                                     : "JSON_ARRAYAGG takes one argument");
        if (is_object && !arguments[1]->type.is_character())
            throw SqlError(at_,
                           "a key of JSON_OBJECTAGG is a STRING, not " +
                               arguments[1]->type.with_nullable(true).to_string());
        gathering_.element =
            call(is_object ? "$JSON_MEMBER" : "$JSON_ELEMENT", std::move(arguments));
        if (!is_object) gathering_.call.separator = ",";
        const std::string_view maker = is_object ? "$JSON_OBJECT_OF" : "$JSON_ARRAY_OF";
        gathering_.finish = [maker, settings = settings_](ExprPtr list) {
            return make_call(maker, {std::move(list)}, settings).value();
        };
    }

    const sql::Call& call_;
    const Gathering::Bind& bind_;
    const ExprSettings& settings_;
    sql::Location at_;
    Gathering gathering_;
    std::vector<ExprPtr> in_order_;  // What $IN_ORDER takes behind the list.
};

}  // namespace

bool is_distinct(const sql::Call& call) {
    return call.distinct || sql::to_upper(last_part(call.name)) == "APPROX_COUNT_DISTINCT";
}

void check_nulls(const sql::Call& call, AggregateKind kind, sql::Location at) {
    if (call.nulls == sql::NullTreatment::kNone) return;
    const bool passes_over =
        kind == AggregateKind::kFirstValue || kind == AggregateKind::kLastValue;
    if (passes_over && call.nulls == sql::NullTreatment::kIgnore) return;
    throw sql::not_supported(at, "IGNORE NULLS and RESPECT NULLS");
}

bool is_gathering(const sql::Call& call) {
    const std::string name = sql::to_upper(last_part(call.name));
    if (name == "LISTAGG") return !call.within_group.empty();
    return name == "ARRAY_AGG" || name == "COLLECT" || name == "PERCENTILE" ||
           name == "JSON_ARRAYAGG" || name == "JSON_OBJECTAGG";
}

Gathering bind_gathering(const sql::Call& call,
                         const Gathering::Bind& bind,
                         const ExprSettings& settings,
                         sql::Location at) {
    return Gatherer(call, bind, settings, at).make();
}

std::string list_separator(const sql::Call& call, const Gathering::Bind& bind, sql::Location at) {
    if (call.arguments.empty() || call.arguments.size() > 2)
        throw SqlError(at, "LISTAGG takes a value and perhaps a separator");
    if (call.arguments.size() == 1) return ",";
    const ExprPtr separator = bind(*call.arguments[1].value);
    const auto* const text = std::get_if<std::string>(&separator->literal.data);
    if (separator->kind != ExprKind::kLiteral || text == nullptr)
        throw SqlError(call.arguments[1].value->location,
                       "LISTAGG's separator must be a string literal");
    return *text;
}

}  // namespace thalweg::plan
