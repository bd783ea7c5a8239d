// CREATE and DROP.

#include "engine/sql/grammar.h"

#include <array>

namespace thalweg::sql {

Statement::Node Grammar::parse_create() {
    const Location start = take().location;
    const bool or_replace = accept_keywords("OR", "REPLACE");
    if (at_keyword("OR") && at_keyword("ALTER", 1)) throw not_supported(here(), "CREATE OR ALTER");
    const bool temporary = accept_keyword("TEMPORARY");
    const bool system = temporary && accept_keyword("SYSTEM");
    if (system && !at_keyword("FUNCTION")) expect_keyword("FUNCTION");
    if (or_replace && !at_keyword("TABLE")) {
        throw not_supported(since(start), "CREATE OR REPLACE of anything but a table");
    }
    if (accept_keyword("TABLE")) {
        CreateTable table;
        table.or_replace = or_replace;
        table.temporary = temporary;
        parse_create_table(table);
        return table;
    }
    if (accept_keyword("VIEW")) {
        CreateView view = parse_create_view();
        view.temporary = temporary;
        return view;
    }
    if (accept_keyword("FUNCTION")) {
        CreateFunction function = parse_create_function();
        function.temporary = temporary;
        function.system = system;
        return function;
    }
    for (const std::string_view word :
         {"CATALOG", "DATABASE", "MATERIALIZED", "MODEL", "CONNECTION"}) {
        if (at_keyword(word)) throw not_supported(here(), "CREATE " + std::string(word));
    }
    fail_expected("TABLE, VIEW or FUNCTION after CREATE");
}

bool Grammar::accept_if_not_exists() {
    if (!accept_keyword("IF")) return false;
    expect_keyword("NOT");
    expect_keyword("EXISTS");
    return true;
}

std::optional<Text> Grammar::accept_comment() {
    if (!accept_keyword("COMMENT")) return std::nullopt;
    return expect_string("a comment");
}

void Grammar::parse_create_table(CreateTable& table) {
    table.if_not_exists = accept_if_not_exists();
    table.name = expect_qualified_name("a table name");
    if (accept_symbol("(")) {
        do {
            parse_table_element(table);
            check_list(table.columns.size() + table.primary_keys.size() + table.watermarks.size());
        } while (accept_symbol(","));
        expect_symbol(")", "or ',' after the definition");
    }
    parse_table_clauses(table);
}

void Grammar::parse_table_clauses(CreateTable& table) {
    if (!table.comment) table.comment = accept_comment();
    if (at_keyword("DISTRIBUTED")) table.distribution = parse_distribution();
    if (accept_keyword("PARTITIONED")) {
        expect_keyword("BY");
        table.partitioned_by = parse_column_names("after the partition columns");
    }
    if (accept_keyword("WITH")) table.options = parse_options("the table");
    if (accept_keyword("LIKE")) table.like = parse_like_table();
    if (accept_keyword("AS")) table.as_query = parse_query();
}

void Grammar::parse_table_element(CreateTable& table) {
    const bool constraint = at_keyword("CONSTRAINT") && at_name(1) && at_keyword("PRIMARY", 2);
    if (constraint || (at_keyword("PRIMARY") && at_keyword("KEY", 1))) {
        parse_primary_key(table);
    } else if (at_keyword("WATERMARK") && at_keyword("FOR", 1)) {
        parse_watermark(table);
    } else if (at_keyword("UNIQUE") && at_symbol("(", 1)) {
        throw not_supported(here(), "UNIQUE");
    } else {
        parse_column(table);
    }
}

void Grammar::parse_column(CreateTable& table) {
    ColumnDefinition column;
    const Location start = here();
    column.name = expect_name("a column name");
    if (accept_keyword("AS")) {
        column.node = ComputedColumn{parse_expr()};
    } else {
        if (at_symbol(",") || at_symbol(")")) {
            fail_expected("the data type of column " + column.name.text);
        }
        TypeName type = parse_type();
        if (accept_keyword("METADATA")) {
            MetadataColumn metadata{std::move(type), std::nullopt, false};
            if (accept_keyword("FROM")) metadata.key = expect_string("a metadata key");
            metadata.is_virtual = accept_keyword("VIRTUAL");
            column.node = std::move(metadata);
        } else {
            column.node = PhysicalColumn{std::move(type)};
        }
        const Location key = here();
        if (accept_keywords("PRIMARY", "KEY")) {
            PrimaryKey primary;
            primary.columns.push_back(column.name);
            primary.not_enforced = accept_not_enforced();
            primary.location = since(key);
            table.primary_keys.push_back(std::move(primary));
        }
        if (at_keyword("DEFAULT")) throw not_supported(here(), "DEFAULT");
    }
    column.comment = accept_comment();
    column.location = since(start);
    table.columns.push_back(std::move(column));
}

void Grammar::parse_watermark(CreateTable& table) {
    WatermarkDefinition watermark;
    const Location start = take().location;
    expect_keyword("FOR");
    watermark.column = expect_qualified_name("the column of the watermark");
    expect_keyword("AS");
    watermark.expr = parse_expr();
    watermark.location = since(start);
    table.watermarks.push_back(std::move(watermark));
}

void Grammar::parse_primary_key(CreateTable& table) {
    PrimaryKey key;
    const Location start = here();
    if (accept_keyword("CONSTRAINT")) key.name = expect_name("the name of the constraint");
    expect_keyword("PRIMARY");
    expect_keyword("KEY");
    key.columns = parse_column_names("after the columns of the primary key");
    key.not_enforced = accept_not_enforced();
    key.location = since(start);
    table.primary_keys.push_back(std::move(key));
}

bool Grammar::accept_not_enforced() {
    if (!accept_keyword("NOT")) {
        accept_keyword("ENFORCED");
        return false;
    }
    expect_keyword("ENFORCED");
    return true;
}

Distribution Grammar::parse_distribution() {
    Distribution distribution;
    const Location start = take().location;
    if (accept_keyword("BY")) {
        if (accept_keyword("HASH")) {
            distribution.kind = DistributionKind::kHash;
        } else if (accept_keyword("RANGE")) {
            distribution.kind = DistributionKind::kRange;
        }
        distribution.columns = parse_column_names("after the distribution columns");
    }
    if (accept_keyword("INTO")) {
        distribution.buckets = expect_number("a number of buckets");
        expect_keyword("BUCKETS");
    }
    distribution.location = since(start);
    return distribution;
}

LikeTable Grammar::parse_like_table() {
    static constexpr auto kFeatures = std::to_array<std::string_view>({
        "ALL",
        "CONSTRAINTS",
        "DISTRIBUTION",
        "GENERATED",
        "METADATA",
        "OPTIONS",
        "PARTITIONS",
        "WATERMARKS",
    });
    LikeTable like;
    like.table = expect_qualified_name("a table name after LIKE");
    if (!accept_symbol("(")) return like;
    while (!accept_symbol(")")) {
        LikeRule rule;
        if (accept_keyword("EXCLUDING")) {
            rule.strategy = LikeStrategy::kExcluding;
        } else if (accept_keyword("OVERWRITING")) {
            rule.strategy = LikeStrategy::kOverwriting;
        } else if (!accept_keyword("INCLUDING")) {
            fail_expected("INCLUDING, EXCLUDING, OVERWRITING or ')'");
        }
        std::size_t feature = 0;
        while (feature < kFeatures.size() && !accept_keyword(kFeatures[feature]))
            ++feature;
        if (feature == kFeatures.size()) fail_expected("ALL, OPTIONS, WATERMARKS or the like");
        rule.feature = static_cast<LikeFeature>(feature);
        like.rules.push_back(rule);
        check_list(like.rules.size());
    }
    return like;
}

std::vector<Name> Grammar::parse_column_names(std::string_view purpose) {
    std::vector<Name> names;
    expect_symbol("(", "before the column names");
    do {
        names.push_back(expect_name("a column name"));
        check_list(names.size());
    } while (accept_symbol(","));
    expect_symbol(")", purpose);
    return names;
}

std::vector<Option> Grammar::parse_options(std::string_view owner) {
    std::vector<Option> options;
    expect_symbol("(", "before the options of " + std::string(owner));
    do {
        options.push_back(parse_option());
        check_list(options.size());
    } while (accept_symbol(","));
    expect_symbol(")", "or ',' after the option");
    return options;
}

Option Grammar::parse_option() {
    if (at_kind(TokenKind::kWord) || at_kind(TokenKind::kQuotedName)) {
        const std::string word(text(peek()));
        throw SqlError(here(),
                       "expected an option key in single quotes, found " + word,
                       "keys and values of options are strings: 'key' = 'value'");
    }
    Option option;
    option.key = expect_string("an option key");
    expect_symbol("=", "after the option key");
    option.value = expect_string("an option value");
    return option;
}

CreateView Grammar::parse_create_view() {
    CreateView view;
    view.if_not_exists = accept_if_not_exists();
    view.name = expect_qualified_name("a view name");
    if (accept_symbol("(")) {
        do {
            ViewColumn column{expect_name("a column name"), std::nullopt};
            column.comment = accept_comment();
            view.columns.push_back(std::move(column));
            check_list(view.columns.size());
        } while (accept_symbol(","));
        expect_symbol(")", "after the column names");
    }
    view.comment = accept_comment();
    if (!accept_keyword("AS")) fail_expected("AS and the query of the view");
    view.query = parse_query();
    view.query_location = view.query->location;
    return view;
}

CreateFunction Grammar::parse_create_function() {
    CreateFunction function;
    function.if_not_exists = accept_if_not_exists();
    function.name = expect_qualified_name("a function name");
    expect_keyword("AS");
    function.identifier = expect_string("the class of the function");
    if (accept_keyword("LANGUAGE")) {
        const Name language = expect_name("JAVA, SCALA or PYTHON");
        function.language = to_upper(language.text);
        const std::string& word = function.language;
        if (word != "JAVA" && word != "SCALA" && word != "PYTHON") {
            throw SqlError(language.location, "unknown language " + language.text);
        }
    }
    if (!accept_keyword("USING")) return function;
    do {
        expect_keyword("JAR");
        function.jars.push_back(expect_string("the path of a JAR"));
        check_list(function.jars.size());
    } while (accept_symbol(","));
    return function;
}

Statement::Node Grammar::parse_drop() {
    take();
    Drop drop;
    drop.temporary = accept_keyword("TEMPORARY");
    if (drop.temporary) accept_keyword("SYSTEM");
    if (at_keyword("MATERIALIZED")) throw not_supported(here(), "DROP MATERIALIZED TABLE");
    if (accept_keyword("TABLE")) {
        drop.object = ObjectKind::kTable;
    } else if (accept_keyword("VIEW")) {
        drop.object = ObjectKind::kView;
    } else if (accept_keyword("FUNCTION")) {
        drop.object = ObjectKind::kFunction;
    } else if (accept_keyword("DATABASE")) {
        drop.object = ObjectKind::kDatabase;
    } else if (accept_keyword("CATALOG")) {
        drop.object = ObjectKind::kCatalog;
    } else {
        fail_expected("TABLE, VIEW, FUNCTION, DATABASE or CATALOG after DROP");
    }
    if (accept_keyword("IF")) {
        expect_keyword("EXISTS");
        drop.if_exists = true;
    }
    drop.name = expect_qualified_name("the name of what to drop");
    drop.cascade = accept_keyword("CASCADE");
    if (!drop.cascade) accept_keyword("RESTRICT");
    return drop;
}

}  // namespace thalweg::sql
