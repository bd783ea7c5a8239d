#include "engine/plan/join_order.h"

#include "engine/plan/conjuncts.h"
#include "engine/plan/versions.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace thalweg::plan {

namespace {

using Predicates = std::vector<ExprPtr>;

bool is_true(const Expr& expr) {
    return expr.kind == ExprKind::kLiteral && expr.literal == Value{true};
}

// `expr` with every column moved to where `columns` says.
ExprPtr moved(const ExprPtr& expr, const std::vector<std::size_t>& columns, const Rel& to) {
    std::vector<ExprPtr> targets;
    for (const std::size_t column : columns) {
        const bool is_there = column < to.columns.size();
        targets.push_back(is_there ? make_column(column, to.columns[column].type) : nullptr);
    }
    return substitute(expr, targets);
}

RelPtr filtered(RelPtr rel, const Predicates& predicates) {
    if (predicates.empty()) return rel;
    return make_filter_rel(std::move(rel), conjunction(predicates));
}

// The columns of a join of both, plain but for their values.
std::vector<ColumnInfo> joined_columns(const Rel& left, const Rel& right) {
    std::vector<ColumnInfo> columns = left.columns;
    columns.insert(columns.end(), right.columns.begin(), right.columns.end());
    for (ColumnInfo& column : columns) {
        column.role = Role::kPlain;
        column.window = nullptr;
    }
    return columns;
}

// Inner joins taken apart and put together again.
class InnerJoins {
  public:
    explicit InnerJoins(const PushFilters& push) : push_(push) {}

    [[nodiscard]] RelPtr plan(const RelPtr& rel, Predicates predicates) {
        collect(rel, 0, std::nullopt);
        conditions_.insert(conditions_.end(), predicates.begin(), predicates.end());
        width_ = rel->columns.size();
        push_single();
        RelPtr joined = join_all();
        const Predicates last = late(*joined);
        return restore(*rel, filtered(std::move(joined), last));
    }

  private:
    struct Part {
        RelPtr rel;
        std::size_t first = 0;  // Of its columns among all.
        Predicates predicates;
        std::optional<std::int64_t> ttl_ns;
        bool is_joined = false;
    };

    // A condition that reads more than one part.
    struct Link {
        ExprPtr condition;
        std::vector<bool> parts;
        bool is_used = false;
    };

    [[nodiscard]] static bool is_inner(const Rel& rel) {
        if (const auto* filter = std::get_if<Filter>(&rel.node)) return is_inner(*filter->input);
        const auto* join = std::get_if<StreamJoin>(&rel.node);
        return join != nullptr && join->kind == JoinKind::kInner && join->keys.empty() &&
               !join->bounds && !join->as_of;
    }

    void collect(const RelPtr& rel, std::size_t first, std::optional<std::int64_t> ttl_ns) {
        if (!is_inner(*rel)) {
            parts_.push_back({rel, first, {}, ttl_ns, false});
            return;
        }
        ExprPtr condition;
        if (const auto* filter = std::get_if<Filter>(&rel->node)) {
            collect(filter->input, first, ttl_ns);
            condition = filter->condition;
        } else {
            const auto& join = std::get<StreamJoin>(rel->node);
            collect(join.left, first, join.ttls_ns[0]);
            collect(join.right, first + join.left->columns.size(), join.ttls_ns[1]);
            condition = join.residual;
        }
        if (condition == nullptr) return;
        std::vector<ExprPtr> shifted;
        for (std::size_t i = 0; i < rel->columns.size(); ++i)
            shifted.push_back(make_column(first + i, rel->columns[i].type));
        for (const ExprPtr& part : conjuncts(condition))
            conditions_.push_back(substitute(part, shifted));
    }

    [[nodiscard]] std::vector<bool> parts_of(const Expr& expr) const {
        std::vector<bool> used(width_, false);
        mark_columns(expr, used);
        std::vector<bool> parts(parts_.size(), false);
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            for (std::size_t c = 0; c < parts_[i].rel->columns.size(); ++c)
                parts[i] = parts[i] || used[parts_[i].first + c];
        }
        return parts;
    }

    // Conditions on one part go there; what links parts is kept for the joins; the rest comes last.
    void push_single() {
        bool has_held = false;
        for (ExprPtr& condition : conditions_) {
            if (is_true(*condition)) continue;
            std::vector<bool> parts = parts_of(*condition);
            const auto count = std::count(parts.begin(), parts.end(), true);
            const bool fails = may_fail(*condition);
            if (count == 0 || is_volatile(*condition) ||
                (has_held && fails && !is_key(*condition))) {
                late_.push_back(std::move(condition));
            } else if (count == 1) {
                const auto found = std::find(parts.begin(), parts.end(), true);
                Part& part = parts_[static_cast<std::size_t>(found - parts.begin())];
                part.predicates.push_back(to_part(condition, part));
                continue;
            } else if (fails && !is_key(*condition)) {
                late_.push_back(std::move(condition));
            } else {
                links_.push_back({std::move(condition), std::move(parts), false});
            }
            has_held = true;
        }
    }

    [[nodiscard]] static bool is_key(const Expr& expr) { return equality_of(expr).has_value(); }

    [[nodiscard]] ExprPtr to_part(const ExprPtr& expr, const Part& part) const {
        std::vector<ExprPtr> columns(width_);
        for (std::size_t c = 0; c < part.rel->columns.size(); ++c)
            columns[part.first + c] = make_column(c, part.rel->columns[c].type);
        return substitute(expr, columns);
    }

    RelPtr join_all() {
        for (Part& part : parts_)
            part.rel = push_(part.rel, std::move(part.predicates));
        place_.assign(width_, SIZE_MAX);
        RelPtr joined = parts_.front().rel;
        enter(parts_.front(), 0);
        for (std::size_t count = 1; count < parts_.size(); ++count) {
            // Of what is joined already nobody has said anything.
            const auto left_ttl_ns = count == 1 ? parts_.front().ttl_ns : std::nullopt;
            joined = join(std::move(joined), left_ttl_ns, next_part());
        }
        return joined;
    }

    void enter(Part& part, std::size_t first) {
        part.is_joined = true;
        for (std::size_t c = 0; c < part.rel->columns.size(); ++c)
            place_[part.first + c] = first + c;
    }

    // Whether all that `parts` names is joined, but for `next`, which it names.
    [[nodiscard]] bool is_due(const std::vector<bool>& parts, std::size_t next) const {
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (parts[i] && i != next && !parts_[i].is_joined) return false;
        }
        return parts[next];
    }

    [[nodiscard]] std::size_t next_part() const {
        std::optional<std::size_t> first;
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            if (parts_[i].is_joined) continue;
            if (!first) first = i;
            for (const Link& link : links_) {
                if (!link.is_used && is_due(link.parts, i) && key_of(link, i)) return i;
            }
        }
        ASSERT(first.has_value());
        return *first;
    }

    // The equality with the side of `next` on the right, if it is one between it and others.
    [[nodiscard]] std::optional<Equality> key_of(const Link& link, std::size_t next) const {
        std::optional<Equality> equality = equality_of(*link.condition);
        if (!equality) return std::nullopt;
        const auto reads_only_next = [&](const ExprPtr& side) {
            const std::vector<bool> parts = parts_of(*side);
            return parts[next] && std::count(parts.begin(), parts.end(), true) == 1;
        };
        const auto reads_next = [&](const ExprPtr& side) -> bool { return parts_of(*side)[next]; };
        if (reads_only_next(equality->left) && !reads_next(equality->right))
            std::swap(equality->left, equality->right);
        if (!reads_only_next(equality->right) || reads_next(equality->left)) return std::nullopt;
        return equality;
    }

    RelPtr join(RelPtr left, std::optional<std::int64_t> left_ttl_ns, std::size_t next) {
        Part& part = parts_[next];
        std::vector<ExprPtr> left_columns = identity(*left);
        std::vector<ExprPtr> right_columns = identity(*part.rel);
        StreamJoin node;
        node.ttls_ns = {left_ttl_ns, part.ttl_ns};
        Predicates rest;
        for (Link& link : links_) {
            if (link.is_used || !is_due(link.parts, next)) continue;
            link.is_used = true;
            const std::optional<Equality> key = key_of(link, next);
            if (!key || !key->is_exact) rest.push_back(link.condition);
            if (!key) continue;
            const std::size_t l = position_of(left_columns, moved(key->left, place_, *left));
            const std::size_t r = position_of(right_columns, to_part(key->right, part));
            node.keys.push_back({l, r, key->null_is_equal});
        }
        node.left = with_columns(left, std::move(left_columns));
        node.right = with_columns(part.rel, std::move(right_columns));
        enter(part, node.left->columns.size());
        std::vector<ColumnInfo> columns = joined_columns(*node.left, *node.right);
        RelPtr shape = make_rel(columns, UnionAll{});
        for (ExprPtr& condition : rest)
            condition = moved(condition, place_, *shape);
        node.residual = conjunction(rest);
        return make_rel(std::move(columns), std::move(node));
    }

    [[nodiscard]] Predicates late(const Rel& joined) const {
        Predicates predicates;
        for (const ExprPtr& condition : late_)
            predicates.push_back(moved(condition, place_, joined));
        return predicates;
    }

    // The columns as they were.
    [[nodiscard]] RelPtr restore(const Rel& old, RelPtr joined) const {
        std::vector<ExprPtr> columns;
        bool is_same = joined->columns.size() == old.columns.size();
        for (std::size_t i = 0; i < width_; ++i) {
            is_same = is_same && place_[i] == i;
            columns.push_back(make_column(place_[i], old.columns[i].type));
        }
        if (is_same) return joined;
        return make_rel(old.columns, Project{std::move(joined), std::move(columns)});
    }

    const PushFilters& push_;
    std::vector<Part> parts_;
    Predicates conditions_;  // Over the columns of all parts.
    std::vector<Link> links_;
    Predicates late_;
    std::size_t width_ = 0;
    std::vector<std::size_t> place_;  // Of each column of all parts, in what is joined so far.
};

// A join that shows rows without a partner, asks for one only, or has to do with time.
class OuterJoin {
  public:
    OuterJoin(const Rel& rel, const StreamJoin& join)
        : rel_(rel),
          node_(join),
          left_count_(join.left->columns.size()),
          count_(left_count_ + join.right->columns.size()),
          is_left_only_(join.kind == JoinKind::kSemi || join.kind == JoinKind::kAnti) {}

    [[nodiscard]] RelPtr plan(Predicates predicates, const PushFilters& push) {
        // ON comes first: it may guard what stands above the join.
        const Predicates rest = push_condition();
        push_above(std::move(predicates), !rest.empty());
        node_.left = push(node_.left, std::move(to_left_));
        node_.right = push(node_.right, std::move(to_right_));
        return filtered(join(rest), above_);
    }

  private:
    [[nodiscard]] Side side(const Expr& expr) const { return side_of(expr, left_count_, count_); }

    [[nodiscard]] ExprPtr right_of(const ExprPtr& expr) const {
        std::vector<ExprPtr> columns(count_);
        for (std::size_t i = left_count_; i < count_; ++i)
            columns[i] = make_column(i - left_count_, node_.right->columns[i - left_count_].type);
        return substitute(expr, columns);
    }

    // Conditions on the join's rows: on the side that stays they are asked before it. `has_rest`:
    // the join still asks something.
    void push_above(Predicates predicates, bool has_rest) {
        const bool is_inner = node_.kind == JoinKind::kInner;
        const bool is_guarded = has_rest && (is_inner || node_.kind == JoinKind::kSemi);
        const bool left_stays = is_inner || node_.kind == JoinKind::kLeft || is_left_only_;
        // What a version is depends on all of them.
        const bool right_stays = !node_.as_of && (is_inner || node_.kind == JoinKind::kRight);
        for (ExprPtr& predicate : predicates) {
            const Side reads = side(*predicate);
            const bool can_go = !is_volatile(*predicate) &&
                                !(may_fail(*predicate) && (is_guarded || !above_.empty()));
            if (can_go && left_stays && reads == Side::kLeft) {
                to_left_.push_back(std::move(predicate));
            } else if (can_go && right_stays && reads == Side::kRight) {
                to_right_.push_back(right_of(predicate));
            } else {
                above_.push_back(std::move(predicate));
            }
        }
    }

    // Of ON: what reads the side that does not stay is asked before. The rest is returned.
    Predicates push_condition() {
        Predicates rest;
        if (node_.residual == nullptr) return rest;
        const bool is_inner = node_.kind == JoinKind::kInner;
        const bool may_left =
            is_inner || node_.kind == JoinKind::kRight || node_.kind == JoinKind::kSemi;
        const bool may_right =
            !node_.as_of && (is_inner || node_.kind == JoinKind::kLeft || is_left_only_);
        for (const ExprPtr& part : conjuncts(node_.residual)) {
            if (is_true(*part)) continue;
            const Side reads = side(*part);
            const bool can_go = !is_volatile(*part) && !(may_fail(*part) && !rest.empty());
            if (can_go && may_right && reads == Side::kRight) {
                to_right_.push_back(right_of(part));
            } else if (can_go && may_left && reads == Side::kLeft) {
                to_left_.push_back(part);
            } else {
                rest.push_back(part);
            }
        }
        return rest;
    }

    RelPtr join(const Predicates& conditions) {
        std::vector<ExprPtr> left_columns = identity(*node_.left);
        std::vector<ExprPtr> right_columns = identity(*node_.right);
        Predicates rest;
        std::optional<Versions> versions;
        if (node_.as_of) versions = versions_of(*node_.right, node_.as_of->right);
        for (const ExprPtr& condition : conditions) {
            std::optional<Equality> key = equality_of(*condition);
            if (key && side(*key->left) == Side::kRight && side(*key->right) == Side::kLeft)
                std::swap(key->left, key->right);
            const bool is_key = key && side(*key->left) == Side::kLeft &&
                                side(*key->right) == Side::kRight &&
                                (!versions || versions->enter_key(*right_of(key->right)));
            if (!is_key || !key->is_exact) rest.push_back(condition);
            if (!is_key) continue;
            const std::size_t l = position_of(left_columns, key->left);
            const std::size_t r = position_of(right_columns, right_of(key->right));
            node_.keys.push_back({l, r, key->null_is_equal});
        }
        if (versions && versions->has_all_keys()) node_.right = versions->rel;
        node_.left = with_columns(node_.left, std::move(left_columns));
        node_.right = with_columns(node_.right, std::move(right_columns));
        return finish(rest);
    }

    // The join of the widened sides, and without what they were widened by.
    RelPtr finish(Predicates& rest) {
        const std::size_t width = node_.left->columns.size();
        const std::size_t right_width = node_.right->columns.size();
        std::vector<std::size_t> place;
        for (std::size_t i = 0; i < count_; ++i)
            place.push_back(i < left_count_ ? i : i - left_count_ + width);
        const RelPtr shape = make_rel(joined_columns(*node_.left, *node_.right), UnionAll{});
        for (ExprPtr& condition : rest)
            condition = moved(condition, place, *shape);
        node_.residual = conjunction(rest);
        if (width == left_count_ && width + right_width == count_)
            return make_rel(rel_.columns, std::move(node_));
        std::vector<ColumnInfo> columns = shape->columns;
        if (is_left_only_) columns = node_.left->columns;
        std::vector<ExprPtr> shown;
        for (std::size_t i = 0; i < rel_.columns.size(); ++i) {
            columns[place[i]] = rel_.columns[i];
            shown.push_back(make_column(place[i], rel_.columns[i].type));
        }
        const bool left_nullable = node_.kind == JoinKind::kRight || node_.kind == JoinKind::kFull;
        const bool right_nullable = node_.kind == JoinKind::kLeft || node_.kind == JoinKind::kFull;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (i < width ? left_nullable : right_nullable) columns[i].type.nullable = true;
        }
        RelPtr joined = make_rel(std::move(columns), std::move(node_));
        return make_rel(rel_.columns, Project{std::move(joined), std::move(shown)});
    }

    const Rel& rel_;
    StreamJoin node_;
    std::size_t left_count_;
    std::size_t count_;
    bool is_left_only_;
    Predicates to_left_;
    Predicates to_right_;
    Predicates above_;
};

}  // namespace

RelPtr plan_stream_join(const RelPtr& rel,
                        std::vector<ExprPtr> predicates,
                        const PushFilters& push) {
    const auto& join = std::get<StreamJoin>(rel->node);
    if (!join.keys.empty()) return filtered(rel, predicates);
    if (join.kind == JoinKind::kInner && !join.bounds && !join.as_of)
        return InnerJoins(push).plan(rel, std::move(predicates));
    return OuterJoin(*rel, join).plan(std::move(predicates), push);
}

}  // namespace thalweg::plan
