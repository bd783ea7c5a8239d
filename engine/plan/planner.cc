#include "engine/plan/planner.h"

#include "engine/plan/bind_query.h"
#include "engine/plan/catalog.h"
#include "engine/plan/changelog.h"
#include "engine/plan/connectors.h"
#include "engine/plan/describe.h"
#include "engine/plan/physical.h"
#include "engine/plan/rewrite.h"
#include "engine/plan/show_functions.h"
#include "engine/sql/parser.h"
#include "engine/sql/token.h"
#include "engine/sql/unparse.h"
#include "state/base/assertion.h"

#include <list>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace thalweg::plan {

namespace {

using sql::SqlError;

// One run over the statements of a script.
class ScriptPlanner {
  public:
    ScriptPlanner(const PlanOptions& options, Plan& plan) : options_(options), plan_(plan) {}

    void apply_settings() {
        for (const auto& [key, value] : options_.settings) {
            const auto result = plan_.settings.set(key, value, plan_.warnings);
            if (!result) throw SqlError({}, "--set: " + result.error().message);
        }
    }

    void execute(const sql::Statement& statement) {
        if (const auto* table = std::get_if<sql::CreateTable>(&statement.node))
            remember(last_part(table->name), statement);
        if (const auto* view = std::get_if<sql::CreateView>(&statement.node))
            remember(last_part(view->name), statement);
        std::visit([&](const auto& node) { run(node, statement.location); }, statement.node);
    }

    void finish() {
        warn();
        if (queries_.empty()) return;
        for (const Query& query : queries_) {
            if (query.target == nullptr) continue;
            for (const TableDefinition* const source : checked_)
                check_overwriting(*query.target, *source);
        }
        plan_.topology = std::make_shared<const Topology>(build(queries_));
    }

  private:
    struct Query {
        RelPtr rel;
        SinkSpec sink;
        const TableDefinition* target = nullptr;  // Null: a SELECT, which prints.
        sql::Location at = {};
    };

    Topology build(const std::vector<Query>& queries, bool shows_changes = false) {
        PhysicalPlanner planner({options_.is_fused,
                                 options_.seed,
                                 plan_.settings.aggregate_phases(),
                                 plan_.settings.zone(),
                                 shows_changes,
                                 plan_.settings.state_ttl_ns()});
        for (const Query& query : queries)
            planner.add(query.rel, query.sink, query.target, query.at);
        Topology topology = planner.finish();
        const std::vector<std::string>& warnings = planner.warnings();
        plan_.warnings.insert(plan_.warnings.end(), warnings.begin(), warnings.end());
        return topology;
    }

    // One binder for all queries, so that a table they share is one source; another only when a
    // setting that it binds by has changed.
    QueryBinder& binder() {
        const Settings& settings = plan_.settings;
        if (binder_ == nullptr || bound_zone_ != settings.zone() ||
            bound_idle_ns_ != settings.idle_timeout_ns()) {
            warn();
            binder_ = std::make_unique<QueryBinder>(catalog_, settings);
            bound_zone_ = settings.zone();
            bound_idle_ns_ = settings.idle_timeout_ns();
        }
        return *binder_;
    }

    // What the binder could not do.
    void warn() {
        if (binder_ == nullptr) return;
        const std::vector<std::string>& warnings = binder_->warnings();
        plan_.warnings.insert(plan_.warnings.end(), warnings.begin(), warnings.end());
    }

    // The sources a query reads must be ones that can be read.
    void check_sources(const RelPtr& rel) {
        if (const auto* scan = std::get_if<Scan>(&rel->node)) {
            const TableDefinition& table = *scan->table->definition;
            if (checked_.insert(&table).second) {
                kept_.push_back(scan->table);
                check(table, source_spec(table, plan_.settings.zone()));
            }
            return;
        }
        for (const RelPtr& input : inputs_of(*rel))
            check_sources(input);
    }

    // ORDER BY by anything but time waits for the end of its input: there must be one.
    void check_ends(const RelPtr& rel, bool is_sorted, sql::Location at) {
        if (const auto* sort = std::get_if<Sort>(&rel->node))
            is_sorted = is_sorted || !sort->is_temporal;
        if (const auto* scan = std::get_if<Scan>(&rel->node)) {
            const TableDefinition& table = *scan->table->definition;
            const auto traits = check_source(source_spec(table, plan_.settings.zone()));
            if (is_sorted && traits && !traits->is_bounded)
                throw SqlError(
                    at,
                    "ORDER BY waits for the last row, but '" + table.name + "' has no end",
                    "add LIMIT, or ORDER BY a rowtime, ascending, before all else");
        }
        for (const RelPtr& input : inputs_of(*rel))
            check_ends(input, is_sorted, at);
    }

    Query bind(const sql::InsertInto& insert) {
        const TableDefinition* target = catalog_.find_table(last_part(insert.target));
        if (target == nullptr) {
            if (catalog_.find_view(last_part(insert.target)) != nullptr)
                throw SqlError(insert.target.location, "cannot INSERT INTO a view");
            throw catalog_.unknown_table(insert.target);
        }
        RelPtr rel = optimize(binder().bind_insert(insert, *target));
        check_sources(rel);
        check_changes(*rel, insert.query->location);
        check_ends(rel, false, insert.query->location);
        SinkSpec sink = sink_spec(*target, plan_.settings.zone());
        check(*target, sink);
        const std::string changing = changing_operator(*rel);
        sink.has_changes = !changing.empty();
        if (sink.has_changes && !takes_changes(sink)) {
            throw SqlError(
                insert.target.location,
                "'" + target->name +
                    "' takes rows that stay as they are, but the query "
                    "changes rows that it has given: " +
                    changing,
                "'format' = 'changelog-json' and the connectors print and blackhole take "
                "changes; a windowed GROUP BY makes none");
        }
        return {std::move(rel), std::move(sink), target, insert.query->location};
    }

    Query bind(const sql::SelectStatement& select) {
        RelPtr rel = optimize(binder().bind(*select.query));
        check_sources(rel);
        check_changes(*rel, select.query->location);
        check_ends(rel, false, select.query->location);
        SinkSpec sink;
        sink.name = "result";
        if (++select_count_ > 1) sink.name += " " + std::to_string(select_count_);
        sink.connector = "table";
        sink.schema = schema_of(*rel);
        sink.zone = plan_.settings.zone();
        sink.has_changes = !changing_operator(*rel).empty();
        return {std::move(rel), std::move(sink), nullptr, select.query->location};
    }

    std::vector<Query> bind_set(const sql::StatementSet& set) {
        std::vector<Query> queries;
        for (const sql::Statement& statement : set.inserts)
            queries.push_back(bind(std::get<sql::InsertInto>(statement.node)));
        return queries;
    }

    void run(const sql::CreateTable& node, sql::Location at) { catalog_.create(node, at); }

    void run(const sql::CreateView& node, sql::Location) {
        catalog_.create(node);
        // A view that cannot be bound is an error where it stands, not where it is first read.
        static_cast<void>(QueryBinder(catalog_, plan_.settings).bind(*node.query));
    }

    void run(const sql::Drop& node, sql::Location) { catalog_.drop(node); }

    void run(const sql::InsertInto& node, sql::Location) { queries_.push_back(bind(node)); }

    void run(const sql::SelectStatement& node, sql::Location) { queries_.push_back(bind(node)); }

    void run(const sql::StatementSet& node, sql::Location) {
        for (Query& query : bind_set(node))
            queries_.push_back(std::move(query));
    }

    void run(const sql::SetOption& node, sql::Location) {
        if (!node.option) {
            for (const auto& [key, value] : plan_.settings.values())
                plan_.explained += "'" + key + "' = '" + value + "'\n";
            return;
        }
        const auto result =
            plan_.settings.set(node.option->key.value, node.option->value.value, plan_.warnings);
        if (!result) throw SqlError(node.option->value.location, result.error().message);
    }

    void run(const sql::ResetOption& node, sql::Location) {
        plan_.settings.reset(node.key ? node.key->value : "");
    }

    void run(const sql::Explain& node, sql::Location at) {
        for (const sql::ExplainDetail detail : node.details) {
            if (detail != sql::ExplainDetail::kChangelogMode)
                throw sql::not_supported(at, "EXPLAIN with details other than CHANGELOG_MODE");
        }
        std::vector<Query> queries;
        if (const auto* insert = std::get_if<sql::InsertInto>(&node.statement->node)) {
            queries.push_back(bind(*insert));
        } else if (const auto* select = std::get_if<sql::SelectStatement>(&node.statement->node)) {
            queries.push_back(bind(*select));
        } else if (const auto* set = std::get_if<sql::StatementSet>(&node.statement->node)) {
            queries = bind_set(*set);
        } else {
            throw SqlError(node.statement->location, "EXPLAIN expects a query");
        }
        plan_.explained += build(queries, !node.details.empty()).explain;
    }

    // Functions in Java cannot be run. One that published queries use is built in under its name.
    static void run(const sql::CreateFunction& node, sql::Location at) {
        constexpr std::string_view kClass = "com.github.nexmark.flink.udf.CountChar";
        if (node.identifier.value != kClass) throw sql::not_supported(at, "CREATE FUNCTION");
        if (sql::to_upper(last_part(node.name)) != "COUNT_CHAR")
            throw SqlError(at,
                           "the class " + std::string(kClass) + " is built in as COUNT_CHAR",
                           "CREATE FUNCTION count_char AS ...");
    }

    [[nodiscard]] bool is_known(const std::string& name) const {
        return catalog_.find_table(name) != nullptr || catalog_.find_view(name) != nullptr;
    }

    // The statement that made it; IF NOT EXISTS leaves what there is.
    void remember(const std::string& name, const sql::Statement& statement) {
        if (!is_known(name)) created_[name] = &statement;
    }

    // As Flink has it, views are among the tables.
    void run(const sql::Show& node, sql::Location at) {
        switch (node.kind) {
            case sql::ShowKind::kFunctions:
                plan_.explained += node.name ? describe_function(*node.name) : functions_text();
                return;
            case sql::ShowKind::kTables:
            case sql::ShowKind::kViews:
                for (const auto& [name, statement] : created_) {
                    const bool is_shown = node.kind == sql::ShowKind::kTables
                                              ? is_known(name)
                                              : catalog_.find_view(name) != nullptr;
                    if (is_shown) plan_.explained += name + "\n";
                }
                return;
            case sql::ShowKind::kCreateTable:
            case sql::ShowKind::kCreateView: show_created(node); return;
            case sql::ShowKind::kColumns: describe(*node.name); return;
            default: throw sql::not_supported(at, "SHOW of this");
        }
    }

    void show_created(const sql::Show& node) {
        const std::string& name = last_part(*node.name);
        const bool is_there = node.kind == sql::ShowKind::kCreateTable
                                  ? catalog_.find_table(name) != nullptr
                                  : catalog_.find_view(name) != nullptr;
        if (!is_there) throw catalog_.unknown_table(*node.name);
        plan_.explained += sql::to_sql(*created_.at(name)) + "\n";
    }

    void run(const sql::Describe& node, sql::Location) { describe(node.name); }

    void describe(const sql::QualifiedName& name) {
        if (!is_known(last_part(name))) throw catalog_.unknown_table(name);
        auto script = sql::parse_script("SELECT * FROM " + sql::to_sql(name));
        ASSERT(script.has_value());
        described_.push_back(*std::move(script));
        const auto& select = std::get<sql::SelectStatement>(described_.back().at(0).node);
        plan_.explained +=
            describe_columns(*binder().bind(*select.query), catalog_.find_table(last_part(name)));
    }

    const PlanOptions& options_;
    Plan& plan_;
    Catalog catalog_;
    std::unique_ptr<QueryBinder> binder_;
    TimeZonePtr bound_zone_;  // Of binder_.
    std::int64_t bound_idle_ns_ = 0;
    std::map<std::string, const sql::Statement*> created_;  // Tables and views, dropped ones too.
    std::list<std::vector<sql::Statement>> described_;      // What DESCRIBE has bound.
    std::vector<Query> queries_;
    std::set<const TableDefinition*> checked_;             // The sources,
    std::vector<std::shared_ptr<const BoundTable>> kept_;  // and what they belong to.
    int select_count_ = 0;
};

}  // namespace

tl::expected<Plan, SqlError> plan_script(std::string_view script, const PlanOptions& options) {
    auto statements = sql::parse_script(script);
    if (!statements) return tl::make_unexpected(statements.error());
    Plan plan;
    try {
        ScriptPlanner planner(options, plan);
        planner.apply_settings();
        for (const sql::Statement& statement : *statements)
            planner.execute(statement);
        planner.finish();
    } catch (const SqlError& error) {
        return tl::make_unexpected(error);
    }
    return plan;
}

}  // namespace thalweg::plan
