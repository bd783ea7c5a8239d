#include "engine/sql/sql_writer.h"

#include <array>

namespace thalweg::sql {

void SqlWriter::write(const Query& query) {
    if (!query.with.empty()) {
        out_ += "WITH ";
        list(query.with, [&](const CommonTable& common) {
            name(common.name);
            if (!common.columns.empty()) {
                out_ += " (";
                names(common.columns);
                out_ += ')';
            }
            out_ += " AS (";
            write(*common.query);
            out_ += ')';
        });
        out_ += ' ';
    }
    body(*query.body);
    order_by(query.order_by);
    if (query.limit) {
        out_ += " LIMIT ";
        operand(*query.limit);
    }
    if (query.offset) {
        out_ += " OFFSET ";
        operand(*query.offset);
    }
}

void SqlWriter::order_by(const std::vector<OrderItem>& items) {
    if (items.empty()) return;
    out_ += " ORDER BY ";
    order_items(items);
}

void SqlWriter::order_items(const std::vector<OrderItem>& items) {
    list(items, [&](const OrderItem& item) {
        write(*item.expr);
        if (item.descending) out_ += " DESC";
        if (item.nulls_first) out_ += *item.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    });
}

void SqlWriter::partition_by(const std::vector<ExprPtr>& items) {
    if (items.empty()) return;
    out_ += "PARTITION BY ";
    expressions(items);
}

void SqlWriter::window(const WindowSpec& spec) {
    out_ += '(';
    std::string outer = std::move(out_);
    out_.clear();
    if (spec.base) name(*spec.base);
    if (!out_.empty() && !spec.partition_by.empty()) out_ += ' ';
    partition_by(spec.partition_by);
    order_by(spec.order_by);
    if (spec.frame) {
        out_ += ' ';
        frame(*spec.frame);
    }
    if (out_.starts_with(' ')) out_.erase(0, 1);
    out_ = outer + out_ + ')';
}

void SqlWriter::frame(const Frame& frame) {
    out_ += frame.unit == FrameUnit::kRows ? "ROWS BETWEEN " : "RANGE BETWEEN ";
    bound(frame.start);
    out_ += " AND ";
    bound(frame.end);
}

void SqlWriter::bound(const FrameBound& bound) {
    switch (bound.kind) {
        case BoundKind::kUnboundedPreceding: out_ += "UNBOUNDED PRECEDING"; return;
        case BoundKind::kUnboundedFollowing: out_ += "UNBOUNDED FOLLOWING"; return;
        case BoundKind::kCurrentRow: out_ += "CURRENT ROW"; return;
        case BoundKind::kPreceding:
        case BoundKind::kFollowing: break;
    }
    operand(*bound.offset);
    out_ += bound.kind == BoundKind::kPreceding ? " PRECEDING" : " FOLLOWING";
}

void SqlWriter::hints(const std::vector<Hint>& hints) {
    if (hints.empty()) return;
    out_ += " /*+ ";
    list(hints, [&](const Hint& hint) {
        name(hint.name);
        if (hint.options.empty() && hint.arguments.empty()) return;
        out_ += '(';
        list(hint.options, [&](const Option& each) { option(each); });
        if (!hint.options.empty() && !hint.arguments.empty()) out_ += ", ";
        list(hint.arguments, [&](const Text& argument) { text(argument); });
        out_ += ')';
    });
    out_ += " */";
}

void SqlWriter::options(const std::vector<Option>& options) {
    out_ += '(';
    list(options, [&](const Option& each) { option(each); });
    out_ += ')';
}

void SqlWriter::option(const Option& option) {
    text(option.key);
    out_ += " = ";
    text(option.value);
}

void SqlWriter::body(const QueryBody& body) {
    std::visit([&](const auto& alternative) { node(alternative); }, body.node);
}

void SqlWriter::node(const Select& select) {
    out_ += "SELECT";
    hints(select.hints);
    out_ += select.distinct ? " DISTINCT " : " ";
    list(select.items, [&](const SelectItem& item) {
        write(*item.expr);
        if (!item.alias) return;
        out_ += " AS ";
        name(*item.alias);
    });
    const auto clause = [&](std::string_view keyword, const ExprPtr& expr) {
        if (!expr) return;
        out_ += keyword;
        write(*expr);
    };
    if (select.from) {
        out_ += " FROM ";
        table(*select.from);
    }
    clause(" WHERE ", select.where);
    if (!select.group_by.empty()) out_ += " GROUP BY ";
    list(select.group_by, [&](const GroupingElement& element) { grouping(element); });
    clause(" HAVING ", select.having);
    if (!select.windows.empty()) out_ += " WINDOW ";
    list(select.windows, [&](const NamedWindow& each) {
        name(each.name);
        out_ += " AS ";
        window(each.spec);
    });
}

void SqlWriter::grouping(const GroupingElement& element) {
    switch (element.kind) {
        case GroupingKind::kPlain: grouping_set(element.sets.front()); return;
        case GroupingKind::kGroupingSets: out_ += "GROUPING SETS ("; break;
        case GroupingKind::kRollup: out_ += "ROLLUP ("; break;
        case GroupingKind::kCube: out_ += "CUBE ("; break;
    }
    list(element.sets, [&](const std::vector<ExprPtr>& set) { grouping_set(set); });
    out_ += ')';
}

void SqlWriter::grouping_set(const std::vector<ExprPtr>& set) {
    if (set.size() == 1) {
        write(*set.front());
        return;
    }
    out_ += '(';
    expressions(set);
    out_ += ')';
}

// A set operation on the right, or one that binds looser on the left, has come from parentheses
// only as a NestedQuery; what is here needs none.
void SqlWriter::node(const SetOperation& operation) {
    static constexpr auto kWords =
        std::to_array<std::string_view>({" UNION ", " INTERSECT ", " EXCEPT "});
    body(*operation.left);
    out_ += kWords[static_cast<std::size_t>(operation.op)];
    if (operation.all) out_ += "ALL ";
    body(*operation.right);
}

void SqlWriter::node(const Values& values) {
    out_ += "VALUES ";
    list(values.rows, [&](const std::vector<ExprPtr>& row) {
        out_ += '(';
        expressions(row);
        out_ += ')';
    });
}

void SqlWriter::node(const NestedQuery& nested) {
    out_ += '(';
    write(*nested.query);
    out_ += ')';
}

void SqlWriter::table(const TableRef& table) {
    std::visit([&](const auto& alternative) { node(alternative); }, table.node);
    if (!table.alias) return;
    out_ += " AS ";
    name(*table.alias);
    if (table.alias_columns.empty()) return;
    out_ += " (";
    names(table.alias_columns);
    out_ += ')';
}

void SqlWriter::table_in_parentheses(const TableRef& inner, bool parentheses) {
    if (parentheses) out_ += '(';
    table(inner);
    if (parentheses) out_ += ')';
}

void SqlWriter::node(const NamedTable& table) {
    write(table.name);
    hints(table.hints);
    if (!table.as_of) return;
    out_ += " FOR SYSTEM_TIME AS OF ";
    operand(*table.as_of);
}

void SqlWriter::node(const DerivedTable& table) {
    out_ += table.lateral ? "LATERAL (" : "(";
    write(*table.query);
    out_ += ')';
}

void SqlWriter::node(const TableFunction& function) {
    out_ += function.lateral ? "LATERAL TABLE(" : "TABLE(";
    write(*function.call);
    out_ += ')';
}

void SqlWriter::node(const Unnest& unnest) {
    out_ += "UNNEST(";
    write(*unnest.operand);
    out_ += unnest.with_ordinality ? ") WITH ORDINALITY" : ")";
}

void SqlWriter::node(const Join& join) {
    static constexpr auto kWords = std::to_array<std::string_view>(
        {"JOIN ", "LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN ", "CROSS JOIN "});
    const auto* left = std::get_if<Join>(&join.left->node);
    const auto* right = std::get_if<Join>(&join.right->node);
    table_in_parentheses(*join.left, left != nullptr && left->comma && !join.comma);
    if (join.comma) {
        out_ += ", ";
    } else {
        out_ += join.natural ? " NATURAL " : " ";
        out_ += kWords[static_cast<std::size_t>(join.kind)];
    }
    table_in_parentheses(*join.right, right != nullptr && (right->comma || !join.comma));
    if (join.condition) {
        out_ += " ON ";
        write(*join.condition);
    }
    if (join.using_columns.empty()) return;
    out_ += " USING (";
    names(join.using_columns);
    out_ += ')';
}

void SqlWriter::node(const MatchRecognize& match) {
    const auto named = [&](const NamedExpr& each) {
        name(each.name);
        out_ += " AS ";
        write(*each.expr);
    };
    const bool parentheses = std::holds_alternative<Join>(match.input->node) ||
                             std::holds_alternative<MatchRecognize>(match.input->node);
    table_in_parentheses(*match.input, parentheses);
    out_ += " MATCH_RECOGNIZE (";
    partition_by(match.partition_by);
    order_by(match.order_by);
    if (!match.measures.empty()) out_ += " MEASURES ";
    list(match.measures, [&](const NamedExpr& measure) {
        write(*measure.expr);
        out_ += " AS ";
        name(measure.name);
    });
    out_ += match.all_rows_per_match ? " ALL ROWS PER MATCH" : " ONE ROW PER MATCH";
    skip(match);
    out_ += " PATTERN (";
    pattern(match.pattern);
    out_ += ')';
    if (match.within) {
        out_ += " WITHIN ";
        write(*match.within);
    }
    if (!match.subsets.empty()) out_ += " SUBSET ";
    list(match.subsets, [&](const PatternSubset& subset) {
        name(subset.name);
        out_ += " = (";
        names(subset.members);
        out_ += ')';
    });
    out_ += " DEFINE ";
    list(match.defines, named);
    out_ += ')';
}

void SqlWriter::skip(const MatchRecognize& match) {
    switch (match.skip) {
        case SkipKind::kDefault: return;
        case SkipKind::kPastLastRow: out_ += " AFTER MATCH SKIP PAST LAST ROW"; return;
        case SkipKind::kToNextRow: out_ += " AFTER MATCH SKIP TO NEXT ROW"; return;
        case SkipKind::kToFirst: out_ += " AFTER MATCH SKIP TO FIRST "; break;
        case SkipKind::kToLast: out_ += " AFTER MATCH SKIP TO LAST "; break;
    }
    name(*match.skip_variable);
}

void SqlWriter::pattern(const Pattern& each) {
    const auto children = [&](std::string_view separator) {
        for (std::size_t i = 0; i < each.children.size(); ++i) {
            if (i > 0) out_ += separator;
            pattern(each.children[i]);
        }
    };
    switch (each.kind) {
        case PatternKind::kVariable: name(each.variable); break;
        case PatternKind::kStart: out_ += '^'; break;
        case PatternKind::kEnd: out_ += '$'; break;
        case PatternKind::kSequence:
        case PatternKind::kAlternation:
            out_ += '(';
            children(each.kind == PatternKind::kSequence ? " " : " | ");
            out_ += ')';
            break;
        case PatternKind::kPermutation:
            out_ += "PERMUTE(";
            children(", ");
            out_ += ')';
            break;
        case PatternKind::kExclusion:
            out_ += "{- ";
            children(" ");
            out_ += " -}";
            break;
    }
    quantifier(each);
}

void SqlWriter::quantifier(const Pattern& each) {
    if (each.minimum == 1 && each.maximum == 1U && !each.reluctant) return;
    out_ += " {" + std::to_string(each.minimum) + ",";
    if (each.maximum) out_ += std::to_string(*each.maximum);
    out_ += each.reluctant ? "}?" : "}";
}

}  // namespace thalweg::sql
