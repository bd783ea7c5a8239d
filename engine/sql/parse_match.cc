// MATCH_RECOGNIZE.

#include "engine/sql/grammar.h"

namespace thalweg::sql {

TableRefPtr Grammar::parse_match(TableRefPtr input) {
    const Location start = input->location;
    const Location place = take().location;
    MatchRecognize match;
    match.input = std::move(input);
    expect_symbol("(", "after MATCH_RECOGNIZE");
    if (accept_keyword("PARTITION")) {
        expect_keyword("BY");
        match.partition_by = parse_expr_list();
    }
    if (accept_keyword("ORDER")) match.order_by = parse_order_items();
    parse_match_output(match);
    parse_match_pattern(match);
    expect_symbol(")", "to close MATCH_RECOGNIZE");
    grow_query(place);
    return make_table(since(start), std::move(match));
}

void Grammar::parse_match_output(MatchRecognize& match) {
    if (accept_keyword("MEASURES")) match.measures = parse_measures();
    if (accept_keyword("ONE")) {
        for (const std::string_view word : {"ROW", "PER", "MATCH"})
            expect_keyword(word);
    } else if (accept_keyword("ALL")) {
        for (const std::string_view word : {"ROWS", "PER", "MATCH"})
            expect_keyword(word);
        match.all_rows_per_match = true;
        for (const std::string_view word : {"SHOW", "OMIT", "WITH"}) {
            if (at_keyword(word)) throw not_supported(here(), std::string(word) + " of ALL ROWS");
        }
    }
    if (accept_keyword("AFTER")) parse_skip(match);
}

void Grammar::parse_match_pattern(MatchRecognize& match) {
    if (!accept_keyword("PATTERN")) fail_expected("PATTERN");
    expect_symbol("(", "before the pattern");
    match.pattern = parse_pattern();
    expect_symbol(")", "to close the pattern");
    if (accept_keyword("WITHIN")) match.within = parse_expr();
    if (accept_keyword("SUBSET")) match.subsets = parse_subsets();
    if (!accept_keyword("DEFINE")) fail_expected("DEFINE");
    match.defines = parse_defines();
}

std::vector<NamedExpr> Grammar::parse_measures() {
    std::vector<NamedExpr> measures;
    do {
        for (const std::string_view word : {"FINAL", "RUNNING"}) {
            if (at_keyword(word) && at_kind(TokenKind::kWord, 1) && !at_keyword("AS", 1)) {
                throw not_supported(here(), word);
            }
        }
        NamedExpr measure;
        measure.expr = parse_expr();
        if (!accept_keyword("AS")) fail_expected("AS and the name of the measure");
        measure.name = expect_name("the name of the measure");
        measures.push_back(std::move(measure));
        check_list(measures.size());
    } while (accept_symbol(","));
    return measures;
}

std::vector<NamedExpr> Grammar::parse_defines() {
    std::vector<NamedExpr> defines;
    do {
        NamedExpr define;
        define.name = expect_name("a pattern variable");
        expect_keyword("AS");
        define.expr = parse_expr();
        defines.push_back(std::move(define));
        check_list(defines.size());
    } while (accept_symbol(","));
    return defines;
}

std::vector<PatternSubset> Grammar::parse_subsets() {
    std::vector<PatternSubset> subsets;
    do {
        PatternSubset subset;
        subset.name = expect_name("the name of the subset");
        expect_symbol("=", "after the name of the subset");
        subset.members = parse_column_names("after the members of the subset");
        subsets.push_back(std::move(subset));
        check_list(subsets.size());
    } while (accept_symbol(","));
    return subsets;
}

void Grammar::parse_skip(MatchRecognize& match) {
    expect_keyword("MATCH");
    expect_keyword("SKIP");
    if (accept_keyword("PAST")) {
        expect_keyword("LAST");
        expect_keyword("ROW");
        match.skip = SkipKind::kPastLastRow;
        return;
    }
    expect_keyword("TO");
    if (accept_keywords("NEXT", "ROW")) {
        match.skip = SkipKind::kToNextRow;
        return;
    }
    const bool first = at_keyword("FIRST") && at_name(1) && !at_keyword("PATTERN", 1);
    const bool last = at_keyword("LAST") && at_name(1) && !at_keyword("PATTERN", 1);
    if (first || last) take();
    match.skip = first ? SkipKind::kToFirst : SkipKind::kToLast;
    match.skip_variable = expect_name("a pattern variable");
}

Pattern Grammar::parse_pattern() {
    const Nesting nesting(*this);
    const Location start = here();
    Pattern first = parse_pattern_sequence();
    if (!at_symbol("|")) return first;
    Pattern alternation;
    alternation.kind = PatternKind::kAlternation;
    alternation.children.push_back(std::move(first));
    while (accept_symbol("|")) {
        alternation.children.push_back(parse_pattern_sequence());
        check_list(alternation.children.size());
    }
    alternation.location = since(start);
    return alternation;
}

Pattern Grammar::parse_pattern_sequence() {
    const Location start = here();
    Pattern sequence;
    sequence.kind = PatternKind::kSequence;
    do {
        sequence.children.push_back(parse_pattern_factor());
        check_list(sequence.children.size());
    } while (!at_symbol(")") && !at_symbol("|") && !at_symbol("-}") && !at_symbol(",") &&
             !at_statement_end());
    sequence.location = since(start);
    if (sequence.children.size() > 1) return sequence;
    Pattern only = std::move(sequence.children.front());
    return only;
}

Pattern Grammar::parse_pattern_factor() {
    const Location start = here();
    Pattern pattern = parse_pattern_primary();
    const bool quantified = at_symbol("*") || at_symbol("+") || at_symbol("?") || at_symbol("{");
    if (!quantified) return pattern;
    // A group that has a quantifier already, ((A B)+)?, keeps it one level down.
    if (pattern.minimum != 1 || pattern.maximum != 1U) {
        Pattern outer;
        outer.kind = PatternKind::kSequence;
        outer.children.push_back(std::move(pattern));
        pattern = std::move(outer);
    }
    parse_quantifier(pattern);
    pattern.location = since(start);
    return pattern;
}

Pattern Grammar::parse_pattern_primary() {
    Pattern pattern;
    const Location start = here();
    if (accept_symbol("(")) {
        pattern = parse_pattern();
        expect_symbol(")", "to close the group of the pattern");
    } else if (accept_symbol("{-")) {
        pattern.kind = PatternKind::kExclusion;
        pattern.children.push_back(parse_pattern());
        expect_symbol("-}", "to close the exclusion");
    } else if (accept_symbol("^")) {
        pattern.kind = PatternKind::kStart;
    } else if (accept_symbol("$")) {
        pattern.kind = PatternKind::kEnd;
    } else if (at_keyword("PERMUTE") && at_symbol("(", 1)) {
        take();
        take();
        pattern.kind = PatternKind::kPermutation;
        do {
            pattern.children.push_back(parse_pattern());
            check_list(pattern.children.size());
        } while (accept_symbol(","));
        expect_symbol(")", "to close PERMUTE");
    } else {
        pattern.variable = expect_name("a pattern variable");
    }
    pattern.location = since(start);
    return pattern;
}

void Grammar::parse_quantifier(Pattern& pattern) {
    const Location place = here();
    if (accept_symbol("*") || accept_symbol("+")) {
        pattern.minimum = text(Token{TokenKind::kSymbol, last()}) == "*" ? 0 : 1;
        pattern.maximum = std::nullopt;
    } else if (accept_symbol("?")) {
        pattern.minimum = 0;
    } else {
        expect_symbol("{", "");
        const bool open = at_symbol(",");
        pattern.minimum = open ? 0 : expect_number("a repetition count");
        pattern.maximum = pattern.minimum;
        if (accept_symbol(",")) {
            pattern.maximum = std::nullopt;
            if (open || !at_symbol("}")) pattern.maximum = expect_number("a repetition count");
        }
        expect_symbol("}", "to close the quantifier");
    }
    if (pattern.maximum && (*pattern.maximum < pattern.minimum || *pattern.maximum == 0)) {
        throw SqlError(since(place), "the quantifier matches nothing");
    }
    pattern.reluctant = accept_symbol("?");
}

}  // namespace thalweg::sql
