#include "engine/run/epoch/stage_saver.h"

#include "engine/run/epoch/byte_sink.h"
#include "state/base/assertion.h"
#include "state/batch_codec.h"
#include "state/store/state_writer.h"

#include <utility>

namespace thalweg {

// One table of one operator: the batch that fills, and the part that grows.
class StageSaver::Table {
  public:
    Table(PartSender& sender, std::string owner, SchemaPtr schema, std::uint32_t part)
        : sender_(sender),
          label_{std::string(kOperatorKind), std::move(owner), 1, part, true},
          schema_(std::move(schema)),
          batch_(schema_) {}

    void begin(std::uint64_t epoch,
               Watermark watermark,
               std::function<void(const Batch&)> witness) {
        epoch_ = epoch;
        watermark_ = watermark;
        witness_ = std::move(witness);
        has_sent_ = false;
    }

    [[nodiscard]] Batch& open(std::size_t rows) {
        ASSERT(rows <= kBatchRows);
        if (batch_.room() < rows) encode();
        return batch_;
    }

    void finish() {
        encode();
        if (part_ == nullptr && !has_sent_) begin_part();
        send();
    }

  private:
    void begin_part() {
        part_ = std::make_unique<EpochPart>();
        part_->epoch = epoch_;
        part_->label = label_;
        part_->bytes.reserve(kPartBytes + kPartBytes / 4);
        ByteSink sink(part_->bytes);
        StateWriter writer(sink);
        writer.i64(watermark_.nanos);
        write_schema(writer, *schema_);
        static_cast<void>(writer.finish());  // Memory takes everything.
    }

    void encode() {
        if (batch_.empty()) return;
        if (witness_) witness_(batch_);
        if (part_ == nullptr) begin_part();
        ByteSink sink(part_->bytes);
        StateWriter writer(sink);
        write_rows(writer, batch_.view());
        static_cast<void>(writer.finish());  // Memory takes everything.
        batch_.clear();
        if (part_->bytes.size() >= kPartBytes) send();
    }

    void send() {
        if (part_ == nullptr) return;
        has_sent_ = true;
        sender_.send(std::move(part_));
    }

    PartSender& sender_;
    SectionLabel label_;
    SchemaPtr schema_;
    Batch batch_;
    std::function<void(const Batch&)> witness_;
    EpochPartPtr part_;
    std::uint64_t epoch_ = 0;
    Watermark watermark_;
    bool has_sent_ = false;
};

class StageSaver::Out final : public StateOut {
  public:
    Out(PartSender& sender, const SavedOp& op, std::uint32_t part) : op_(op.op) {
        for (const StateTable& table : op.tables)
            tables_.push_back(
                std::make_unique<Table>(sender, table_owner(op.uid, table), table.schema, part));
    }

    [[nodiscard]] Batch& open(std::size_t table, std::size_t rows) override {
        return tables_[table]->open(rows);
    }

    [[nodiscard]] std::size_t op() const noexcept { return op_; }

    [[nodiscard]] const std::vector<std::unique_ptr<Table>>& tables() const noexcept {
        return tables_;
    }

  private:
    std::size_t op_;
    std::vector<std::unique_ptr<Table>> tables_;
};

StageSaver::StageSaver(PartSender& sender, std::vector<SavedOp> ops, std::uint32_t part)
    : sender_(&sender) {
    for (const SavedOp& op : ops)
        outs_.push_back(std::make_unique<Out>(*sender_, op, part));
}

StageSaver::~StageSaver() = default;

StateOut* StageSaver::out(std::size_t op) {
    for (const std::unique_ptr<Out>& out : outs_) {
        if (out->op() == op) return out.get();
    }
    return nullptr;
}

void StageSaver::begin(std::uint64_t epoch, Watermark watermark, Witness witness) {
    witness_ = std::move(witness);
    for (const std::unique_ptr<Out>& out : outs_) {
        for (std::size_t table = 0; table < out->tables().size(); ++table) {
            std::function<void(const Batch&)> witness_of_table;
            if (witness_)
                witness_of_table = [this, op = out->op(), table](const Batch& rows) {
                    witness_(op, table, rows);
                };
            out->tables()[table]->begin(epoch, watermark, std::move(witness_of_table));
        }
    }
}

void StageSaver::finish() {
    for (const std::unique_ptr<Out>& out : outs_) {
        for (const std::unique_ptr<Table>& table : out->tables())
            table->finish();
    }
}

}  // namespace thalweg
