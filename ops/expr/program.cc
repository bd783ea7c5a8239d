#include "ops/expr/program.h"

#include "ops/expr/functions.h"
#include "ops/expr/select_rows.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string_view>
#include <utility>

// How a program is laid out
//
// Registers hold columns, slots hold selections; each is written before it is read, in the order of
// the instructions. Slot 0 is the input's selection, every other slot is a part of its parent:
//
//     CASE WHEN a > 0 THEN 10 / a ELSE b END          slot
//       r0 = column a                                  -
//       r1 = r0 > 0                                    0
//       slot 1 = rows of 0 where r1 is TRUE            0
//       slot 2 = rows of 0 where r1 is not TRUE        0
//       r2 = 10 / r0                                   1
//       r3 = r2                                        1
//       r3 = column b                                  2
//
// A subexpression that is computed for a slot is there for all parts of that slot, but for no
// other: this is when it is used again instead of being computed again. RAND() and its kin are used
// again only where the query has written them once (BETWEEN mentions its operand twice): all copies
// of one call share what was prepared for it, two calls never do.

namespace thalweg {

namespace {

// A list at least this dense relative to the range it covers is run over as the range, by kernels
// that may: whole vectors cost less than a quarter of their rows one at a time.
constexpr std::size_t kDenseFactor = 4;

enum class Action : std::uint8_t {
    kCall,    // target = call of sources
    kField,   // target = a field of source 0
    kNarrow,  // slot `target` = the rows of `slot` where source 0 is as `keep` says
    kClear,   // target is without nulls and without list elements
    kAssign,  // target = source 0
    kAnd,     // target = target AND source 0
    kOr,      // target = target OR source 0
};

struct Instruction {
    Action action;
    Keep keep = Keep::kTrue;
    std::size_t slot = 0;
    std::size_t target = 0;
    std::vector<std::size_t> sources = {};
    ExprPtr call = nullptr;
    std::vector<const Column*> arguments = {};
    std::vector<std::uint16_t> rows = {};  // Those without nulls, for NullRule::kSkip.
    std::shared_ptr<void> kept = nullptr;
};

struct Slot {
    std::size_t parent = 0;
    Selection selection = {};
    std::vector<std::uint16_t> rows = {};
};

// One past the last selected row.
std::size_t end_of(Selection rows) {
    if (rows.empty()) return 0;
    return rows[rows.size() - 1] + 1;
}

Selection covering_if_dense(Selection rows) {
    if (rows.is_range() || rows.empty()) return rows;
    const std::size_t first = rows[0];
    const std::size_t count = end_of(rows) - first;
    return rows.size() * kDenseFactor >= count ? Selection::range(first, count) : rows;
}

// Makes rows of `result` null where an argument is. Gives whether any argument has nulls.
bool merge_nulls(Column& result, std::span<const Column* const> arguments, Selection rows) {
    const std::size_t words = (end_of(rows) + 63) / 64;
    bool has_nulls = false;
    for (const Column* argument : arguments) {
        const std::uint64_t* const from = argument->validity();
        if (from == nullptr) continue;
        std::uint64_t* const target = result.make_validity();
        for (std::size_t i = 0; i < words; ++i)
            target[i] &= from[i];
        has_nulls = true;
    }
    return has_nulls;
}

template <class T>
void assign_values(Column& target, const Column& source, Selection rows) {
    T* const to = target.data<T>();
    const T* const from = source.data<T>();
    rows.for_each([&](std::size_t row) { to[row] = from[row]; });
}

void assign(Column& target, const Column& source, Selection rows, Arena& arena) {
    const Physical physical = target.physical();
    if (physical == Physical::kList || physical == Physical::kRow) {
        rows.for_each([&](std::size_t row) { target.copy_row(row, source, row, arena); });
        return;
    }
    visit_physical(physical, [&]<class T>() { assign_values<T>(target, source, rows); });
    if (!source.has_nulls()) return;
    rows.for_each([&](std::size_t row) {
        if (source.is_null(row)) target.set_null(row);
    });
}

// SQL's truth table, with t for "is TRUE" and f for "is FALSE" of the two sides:
//   AND is TRUE when both are TRUE and FALSE when one is FALSE; OR the other way round; else NULL.
template <bool is_and>
void merge_logic(Column& target, const Column& source, Selection rows) {
    auto* const a = target.data<std::uint8_t>();
    const auto* const b = source.data<std::uint8_t>();
    if (!target.has_nulls() && !source.has_nulls()) {
        rows.for_each([&](std::size_t row) {
            a[row] = static_cast<std::uint8_t>(is_and ? a[row] & b[row] : a[row] | b[row]);
        });
        return;
    }
    rows.for_each([&](std::size_t row) {
        const bool a_valid = !target.is_null(row);
        const bool b_valid = !source.is_null(row);
        const bool a_true = a_valid && a[row] != 0;
        const bool b_true = b_valid && b[row] != 0;
        const bool a_false = a_valid && a[row] == 0;
        const bool b_false = b_valid && b[row] == 0;
        const bool is_true = is_and ? a_true && b_true : a_true || b_true;
        const bool is_false = is_and ? a_false || b_false : a_false && b_false;
        a[row] = is_true ? 1 : 0;
        if (is_true || is_false) {
            target.set_valid(row);
        } else {
            target.set_null(row);
        }
    });
}

// Every row the same. All lists are one: they borrow the same elements.
void fill(Column& column, const Value& value, std::size_t rows, Arena& arena) {
    set_value(column, 0, value, arena);
    for (std::size_t row = 1; row < rows; ++row) {
        if (value.is_null() || column.physical() == Physical::kRow) {
            set_value(column, row, value, arena);
        } else if (column.physical() == Physical::kList) {
            column.data<ListRef>()[row] = column.data<ListRef>()[0];
        }
    }
    if (column.physical() == Physical::kRow || column.physical() == Physical::kList) return;
    visit_physical(column.physical(),
                   [&]<class T>() { std::fill_n(column.data<T>(), rows, column.data<T>()[0]); });
}

// Whether it can be computed for rows that do not need it: cannot fail and costs next to nothing.
bool is_cheap(const Expr& expr) {
    if (expr.kind == ExprKind::kColumn || expr.kind == ExprKind::kLiteral) return true;
    if (expr.kind != ExprKind::kCall || expr.function->nulls != NullRule::kCompute) return false;
    return std::all_of(expr.arguments.begin(), expr.arguments.end(), [](const ExprPtr& argument) {
        return is_cheap(*argument);
    });
}

bool is_volatile_call(const Expr& expr) {
    return expr.kind == ExprKind::kCall && expr.function->volatility == Volatility::kVolatile;
}

bool is_volatile(const Expr& expr) {
    if (is_volatile_call(expr)) return true;
    return std::any_of(expr.arguments.begin(), expr.arguments.end(), [](const ExprPtr& argument) {
        return is_volatile(*argument);
    });
}

}  // namespace

struct Program::Impl {
    // What is computed where.
    struct Known {
        ExprPtr expr;
        std::size_t slot;
        std::size_t target;
    };

    struct Input {
        std::size_t column;
        std::size_t target;
    };

    std::vector<Instruction> instructions;
    std::vector<const Column*> registers;
    std::vector<std::unique_ptr<Column>> owned;  // By register; null for columns of the input.
    std::vector<Input> inputs;
    std::vector<Slot> slots = {Slot{}};
    std::vector<Known> known;
    std::vector<std::size_t> results;
    std::vector<const Column*> outputs;
    std::optional<std::size_t> filter_slot;  // Made by the first select().
    std::size_t filter_from = 0;             // Its instructions start here.
    ExprPtr filter;
    Arena literals;
    std::size_t rows_max;

    explicit Impl(std::size_t rows) : rows_max(rows) {}

    // --- Building -------------------------------------------------------------------------------

    std::size_t add_register(const Type* type) {
        owned.push_back(type == nullptr ? nullptr : std::make_unique<Column>(*type, rows_max));
        registers.push_back(owned.back().get());
        return registers.size() - 1;
    }

    std::size_t add_slot(std::size_t parent) {
        slots.push_back({parent, {}, std::vector<std::uint16_t>(rows_max + kSelectSlack)});
        return slots.size() - 1;
    }

    std::size_t narrow(std::size_t slot, std::size_t condition, Keep keep) {
        const std::size_t target = add_slot(slot);
        instructions.push_back({.action = Action::kNarrow,
                                .keep = keep,
                                .slot = slot,
                                .target = target,
                                .sources = {condition}});
        return target;
    }

    void add_step(Action action, std::size_t slot, std::size_t target, std::size_t source) {
        instructions.push_back(
            {.action = action, .slot = slot, .target = target, .sources = {source}});
    }

    [[nodiscard]] bool is_part_of(std::size_t slot, std::size_t whole) const {
        while (slot != whole && slot != 0)
            slot = slots[slot].parent;
        return slot == whole;
    }

    // Whether what is known is the value of the other too.
    [[nodiscard]] static bool is_same(const Expr& known, const Expr& expr) {
        if (!is_volatile_call(known)) return equal(known, expr);
        return known.prepared != nullptr && known.prepared == expr.prepared;
    }

    [[nodiscard]] std::optional<std::size_t> find(const Expr& expr, std::size_t slot) const {
        for (const Known& entry : known) {
            if (is_same(*entry.expr, expr) && is_part_of(slot, entry.slot)) return entry.target;
        }
        return std::nullopt;
    }

    std::size_t compile(const ExprPtr& expr, std::size_t slot) {
        if (const auto found = find(*expr, slot)) return *found;
        std::size_t target = 0;
        std::size_t known_slot = slot;
        switch (expr->kind) {
            case ExprKind::kColumn: target = compile_column(*expr), known_slot = 0; break;
            case ExprKind::kLiteral: target = compile_literal(*expr), known_slot = 0; break;
            case ExprKind::kCall: target = compile_call(expr, slot); break;
            case ExprKind::kAnd:
            case ExprKind::kOr: target = compile_logic(*expr, slot); break;
            case ExprKind::kCase: target = compile_case(*expr, slot); break;
        }
        if (is_volatile_call(*expr) || !is_volatile(*expr))
            known.push_back({expr, known_slot, target});
        return target;
    }

    std::size_t compile_column(const Expr& expr) {
        const std::size_t target = add_register(nullptr);
        inputs.push_back({expr.column, target});
        return target;
    }

    std::size_t compile_literal(const Expr& expr) {
        const std::size_t target = add_register(&expr.type);
        fill(*owned[target], expr.literal, rows_max, literals);
        owned[target]->mark_constant(true);
        return target;
    }

    std::size_t compile_call(const ExprPtr& expr, std::size_t slot) {
        std::vector<std::size_t> sources;
        for (const ExprPtr& argument : expr->arguments)
            sources.push_back(compile(argument, slot));
        const bool is_field = expr->function->name == "FIELD";
        const std::size_t target = add_register(&expr->type);
        Instruction step{.action = is_field ? Action::kField : Action::kCall,
                         .slot = slot,
                         .target = target,
                         .sources = std::move(sources),
                         .call = expr};
        step.arguments.resize(step.sources.size());
        step.rows.resize(rows_max + kSelectSlack);
        instructions.push_back(std::move(step));
        return target;
    }

    std::size_t compile_logic(const Expr& expr, std::size_t slot) {
        const bool is_and = expr.kind == ExprKind::kAnd;
        const std::size_t first = compile(expr.arguments.front(), slot);
        const std::size_t target = add_register(&expr.type);
        add_step(Action::kClear, slot, target, first);
        add_step(Action::kAssign, slot, target, first);
        for (std::size_t i = 1; i < expr.arguments.size(); ++i) {
            const ExprPtr& argument = expr.arguments[i];
            if (!is_cheap(*argument))
                slot = narrow(slot, target, is_and ? Keep::kNotFalse : Keep::kNotTrue);
            const std::size_t source = compile(argument, slot);
            add_step(is_and ? Action::kAnd : Action::kOr, slot, target, source);
        }
        return target;
    }

    std::size_t compile_case(const Expr& expr, std::size_t slot) {
        const std::size_t target = add_register(&expr.type);
        add_step(Action::kClear, slot, target, target);
        for (std::size_t i = 0; i + 1 < expr.arguments.size(); i += 2) {
            const std::size_t condition = compile(expr.arguments[i], slot);
            const std::size_t yes = narrow(slot, condition, Keep::kTrue);
            const std::size_t no = narrow(slot, condition, Keep::kNotTrue);
            add_step(Action::kAssign, yes, target, compile(expr.arguments[i + 1], yes));
            slot = no;
        }
        add_step(Action::kAssign, slot, target, compile(expr.arguments.back(), slot));
        return target;
    }

    // The slot of the rows of `slot` where `expr` is TRUE: an AND is one filter after the other.
    std::size_t compile_filter(const ExprPtr& expr, std::size_t slot) {
        if (expr->kind != ExprKind::kAnd) return narrow(slot, compile(expr, slot), Keep::kTrue);
        for (const ExprPtr& argument : expr->arguments)
            slot = compile_filter(argument, slot);
        return slot;
    }

    // --- Running --------------------------------------------------------------------------------

    void begin(const BatchView& input) {
        DEBUG_ASSERT(end_of(input.selection) <= rows_max);
        slots[0].selection = input.selection;
        for (const Input& each : inputs)
            registers[each.target] = input.columns[each.column];
    }

    void execute(std::size_t from, std::size_t end, OpContext& context) {
        for (std::size_t i = from; i < end && !context.failed(); ++i)
            step(instructions[i], context);
    }

    void step(Instruction& instruction, OpContext& context) {
        const Selection rows = slots[instruction.slot].selection;
        switch (instruction.action) {
            case Action::kNarrow: run_narrow(instruction, rows); return;
            case Action::kClear: owned[instruction.target]->clear(); return;
            case Action::kCall: run_call(instruction, rows, context); return;
            case Action::kField: run_field(instruction, rows, context); return;
            default: break;
        }
        if (rows.empty()) return;
        Column& target = *owned[instruction.target];
        const Column& source = *registers[instruction.sources[0]];
        if (instruction.action == Action::kAssign) {
            assign(target, source, rows, context.scratch);
        } else if (instruction.action == Action::kAnd) {
            merge_logic<true>(target, source, rows);
        } else {
            merge_logic<false>(target, source, rows);
        }
    }

    void run_narrow(const Instruction& instruction, Selection rows) {
        Slot& slot = slots[instruction.target];
        const Column& condition = *registers[instruction.sources[0]];
        const std::size_t count = select_rows(condition, instruction.keep, rows, slot.rows.data());
        slot.selection =
            count == rows.size() ? rows : Selection::list(std::span(slot.rows).first(count));
    }

    // A field of a ROW without nulls is the child column itself.
    void run_field(Instruction& instruction, Selection rows, OpContext& context) {
        const Column& row = *registers[instruction.sources[0]];
        if (row.has_nulls()) {
            registers[instruction.target] = owned[instruction.target].get();
            run_call(instruction, rows, context);
            return;
        }
        registers[instruction.target] =
            &row.child(*static_cast<const std::size_t*>(instruction.call->prepared.get()));
    }

    void run_call(Instruction& instruction, Selection rows, OpContext& context) {
        Column& result = *owned[instruction.target];
        result.clear();
        if (rows.empty()) return;
        for (std::size_t i = 0; i < instruction.sources.size(); ++i)
            instruction.arguments[i] = registers[instruction.sources[i]];
        const Function& function = *instruction.call->function;
        if (function.nulls != NullRule::kOwn) {
            const bool has_nulls = merge_nulls(result, instruction.arguments, rows);
            if (function.nulls == NullRule::kCompute) {
                rows = covering_if_dense(rows);
            } else if (has_nulls) {
                const std::size_t count =
                    select_valid(result.validity(), rows, instruction.rows.data());
                rows = Selection::list(std::span(instruction.rows).first(count));
                if (rows.empty()) return;
            }
        }
        function.kernel({.arguments = instruction.arguments,
                         .selection = rows,
                         .result = result,
                         .context = context,
                         .prepared = instruction.call->prepared.get(),
                         .kept = instruction.kept});
    }
};

Program::Program(std::vector<ExprPtr> expressions, std::size_t rows_max)
    : impl_(std::make_unique<Impl>(rows_max)) {
    for (const ExprPtr& expr : expressions)
        impl_->results.push_back(impl_->compile(expr, 0));
    impl_->outputs.resize(impl_->results.size());
    impl_->filter_from = impl_->instructions.size();
    if (expressions.size() == 1) impl_->filter = expressions.front();
}

Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

std::span<const Column* const> Program::run(const BatchView& input, OpContext& context) {
    impl_->begin(input);
    impl_->execute(0, impl_->filter_from, context);
    for (std::size_t i = 0; i < impl_->results.size(); ++i)
        impl_->outputs[i] = impl_->registers[impl_->results[i]];
    return impl_->outputs;
}

Selection Program::select(const BatchView& input, OpContext& context) {
    ASSERT(impl_->filter != nullptr);
    ASSERT(impl_->filter->type.physical() == Physical::kBool);  // BOOLEAN, or a bare NULL.
    if (!impl_->filter_slot.has_value()) {
        // What run() computes is not there when select() runs; columns and literals are.
        std::erase_if(impl_->known, [](const Impl::Known& entry) {
            return entry.expr->kind != ExprKind::kColumn && entry.expr->kind != ExprKind::kLiteral;
        });
        impl_->filter_slot = impl_->compile_filter(impl_->filter, 0);
    }
    impl_->begin(input);
    impl_->execute(impl_->filter_from, impl_->instructions.size(), context);
    if (context.failed()) return {};
    return impl_->slots[*impl_->filter_slot].selection;
}

}  // namespace thalweg
