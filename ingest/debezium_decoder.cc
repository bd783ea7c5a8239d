#include "ingest/debezium_decoder.h"

#include "ingest/framer.h"
#include "ingest/json_plan.h"
#include "ingest/json_row.h"
#include "ingest/json_walker.h"
#include "ingest/row_appender.h"
#include "state/base/assertion.h"
#include "state/text/format_options.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 3> kOptions = {
    "schema-include", "ignore-parse-errors", "timestamp-format.standard"};

// Of the event's own fields, in this order.
enum EventLeaf : std::size_t { kOp, kBefore, kAfter };

// The wanted columns below "before" or "after", wherever the event is.
Result<JsonPlan> plan_below(const FormatSpec& spec, const std::vector<std::string>& path) {
    FormatSpec below = spec;
    for (WantedColumn& wanted : below.wanted) {
        // The plan shall not read it.
        if (wanted.metadata == Metadata::kRowKind) wanted.metadata = Metadata::kSequence;
        if (wanted.metadata == Metadata::kNone)
            wanted.path.insert(wanted.path.begin(), path.begin(), path.end());
    }
    return make_json_plan(below, false);
}

// What the event is: its op, and which rows it has.
JsonPlan event_plan(std::size_t op_column, bool has_payload) {
    JsonPlan plan;
    JsonNode event;
    const auto column = static_cast<std::int32_t>(op_column);
    const auto leaf = [](std::string name, std::int32_t to, std::size_t index) {
        JsonNode node;
        node.name = std::move(name);
        node.column = to;
        node.first_leaf = index;
        node.leaf_end = index + 1;
        return node;
    };
    event.children.push_back(leaf("op", column, kOp));
    event.children.push_back(leaf("before", JsonNode::kNoColumn, kBefore));
    event.children.push_back(leaf("after", JsonNode::kNoColumn, kAfter));
    event.leaf_end = event.children.size();
    plan.leaves = {{column, true}, {JsonNode::kNoColumn, true}, {JsonNode::kNoColumn, true}};
    if (has_payload) {
        event.name = "payload";
        plan.root.children = {std::move(event)};
        plan.root.leaf_end = plan.leaves.size();
    } else {
        plan.root = std::move(event);
    }
    return plan;
}

class DebeziumDecoder final : public Decoder {
  public:
    struct Plans {
        JsonPlan event;
        JsonPlan before;
        JsonPlan after;
        std::size_t op_column = 0;
    };

    DebeziumDecoder(const FormatSpec& spec, Plans plans)
        : append_plan_(spec),
          plans_(std::move(plans)),
          zone_(spec.zone),
          framer_(spec, 0),
          event_(plans_.event, {zone_.get(), &scratch_}),
          before_(plans_.before, {zone_.get(), &scratch_}),
          after_(plans_.after, {zone_.get(), &scratch_}) {}

    DecodeResult decode(const Piece& piece, Batch& batch, Outlet& outlet) override {
        scratch_.reset();
        const std::size_t rows_of_record = rows_of_record_max("debezium-json");
        Piece wide = piece;
        wide.rows_max = std::max(piece.rows_max, rows_of_record);
        RowAppender rows(append_plan_, wide, batch, outlet);
        std::string_view rest = piece.bytes;
        while (rows.room() >= rows_of_record) {
            const Framer::Frame frame = framer_.next(rest, piece.is_end);
            if (frame.kind == Framer::Kind::kMore) break;
            rest.remove_prefix(frame.consumed);
            if (frame.kind == Framer::Kind::kRejected) rows.reject(frame);
            if (frame.kind == Framer::Kind::kRecord) read_record(frame.record, rows);
        }
        return rows.finish(piece.bytes.size() - rest.size());
    }

    [[nodiscard]] bool lost_framing() const override { return framer_.lost_framing(); }

    [[nodiscard]] std::uint64_t skipped_bytes() const override { return framer_.skipped_bytes(); }

  private:
    void read_record(std::string_view record, RowAppender& rows) {
        if (trim_blanks(record).empty()) return;
        const JsonFault fault = read_event(record, rows);
        if (!fault.is_none()) rows.reject(fault.reason, fault.detail, record);
    }

    JsonFault read_event(std::string_view record, RowAppender& rows) {
        const JsonFault fault = walker_.read(record, event_, rows);
        if (!fault.is_none()) return fault;
        const char op = op_of(rows);
        if (op == '\0') return {RejectReason::kWrongType, "an op: c, r, u or d"};
        const bool needs_before = op == 'u' || op == 'd';
        const bool needs_after = op != 'd';
        if ((needs_before && !event_.has(kBefore)) || (needs_after && !event_.has(kAfter)))
            return {RejectReason::kMissingField, "the row before or after that its op asks for"};
        if (op == 'u') return read_update(record, rows);
        const JsonFault of_row = walker_.read(record, needs_before ? before_ : after_, rows);
        if (of_row.is_none())
            accept(needs_before ? RowKind::kDelete : RowKind::kInsert, record, rows);
        return of_row;
    }

    // Both rows or none: what is after is looked at first.
    JsonFault read_update(std::string_view record, RowAppender& rows) {
        const JsonFault of_after = walker_.read(record, after_, rows);
        if (!of_after.is_none()) return of_after;
        const JsonFault of_before = walker_.read(record, before_, rows);
        if (!of_before.is_none()) return of_before;
        accept(RowKind::kUpdateBefore, record, rows);
        const JsonFault again = walker_.read(record, after_, rows);
        ASSERT(again.is_none());
        accept(RowKind::kUpdateAfter, record, rows);
        return kJsonFine;
    }

    void accept(RowKind kind, std::string_view record, RowAppender& rows) {
        // The column of ops means nothing any more; each row has a value of it.
        rows.column(plans_.op_column).set_null(rows.row());
        rows.column(plans_.op_column).data<StringRef>()[rows.row()] = {};
        rows.batch().make_kinds()[rows.row()] = kind;
        rows.accept(record);
    }

    // Nothing that is an op: '\0'.
    [[nodiscard]] char op_of(RowAppender& rows) const {
        const Column& column = rows.column(plans_.op_column);
        if (column.is_null(rows.row())) return '\0';
        const std::string_view op = column.data<StringRef>()[rows.row()].view();
        const bool is_known = op == "c" || op == "r" || op == "u" || op == "d";
        return is_known ? op.front() : '\0';
    }

    AppendPlan append_plan_;
    Plans plans_;
    TimeZonePtr zone_;
    Framer framer_;
    Arena scratch_;
    JsonRow event_;
    JsonRow before_;
    JsonRow after_;
    JsonWalker walker_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_debezium_decoder(const FormatSpec& spec) {
    static constexpr std::array<std::string_view, 2> kStandards = {"SQL", "ISO-8601"};
    TRY(const FormatOptions options, FormatOptions::check(spec.format, spec.options, kOptions));
    TRY(const bool has_payload, options.boolean("schema-include", false));
    TRY([[maybe_unused]] const bool ignore_errors, options.boolean("ignore-parse-errors", true));
    TRY([[maybe_unused]] const std::string_view standard,
        options.choice("timestamp-format.standard", kStandards));
    std::vector<std::string> path;
    if (has_payload) path.emplace_back("payload");
    path.emplace_back("before");
    DebeziumDecoder::Plans plans;
    TRY(plans.before, plan_below(spec, path));
    path.back() = "after";
    TRY(plans.after, plan_below(spec, path));
    const auto op =
        std::find_if(spec.wanted.begin(), spec.wanted.end(), [](const WantedColumn& wanted) {
            return wanted.metadata == Metadata::kRowKind;
        });
    // Where only the declaration is checked nothing is wanted, and nothing decoded.
    plans.op_column = static_cast<std::size_t>(op - spec.wanted.begin());
    plans.event = event_plan(plans.op_column, has_payload);
    return std::make_unique<DebeziumDecoder>(spec, std::move(plans));
}

}  // namespace thalweg
