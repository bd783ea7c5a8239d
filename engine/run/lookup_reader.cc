#include "engine/run/lookup_reader.h"

#include "engine/run/source_outlet.h"
#include "state/base/assertion.h"

#include <string_view>
#include <utility>

namespace thalweg {

// What stands before an operator, or, behind the last, before the table.
class LookupReader::Link final : public Emitter {
  public:
    Link(LookupReader& reader, std::size_t next) : reader_(reader), next_(next) {}

    void emit(const BatchView& rows) override {
        if (rows.selection.empty() || reader_.context_.failed()) return;
        if (next_ == reader_.ops_.size()) {
            reader_.keep(rows);
        } else {
            reader_.ops_[next_]->process(0, rows, reader_.context_, *reader_.links_[next_ + 1]);
        }
    }

  private:
    LookupReader& reader_;
    std::size_t next_;
};

LookupReader::LookupReader(const LookupSource& lookup, std::int64_t now_ns, OnReject on_reject)
    : lookup_(lookup),
      on_reject_(std::move(on_reject)),
      columns_(lookup.columns),
      table_(std::make_shared<LookupTable>(lookup.table)) {
    context_.now_ns = now_ns;
    for (const OpFactory& make : lookup.ops)
        ops_.push_back(make({}));
    for (std::size_t i = 0; i <= ops_.size(); ++i)
        links_.push_back(std::make_unique<Link>(*this, i));
}

LookupReader::~LookupReader() = default;

Result<LookupTablePtr> LookupReader::read(IngestDoor& door, SourceEvent event) {
    const auto refuse = [this](const std::string& why) {
        return fail(Code::kInvalid,
                    "cannot read the lookup table '" + lookup_.source.name + "': " + why);
    };
    auto source = door.make_source(lookup_.source, {0, 1}, std::move(event));
    if (!source) return refuse(source.error().message);
    Outlet& outlet = *this;
    if (Result<void> opened = (*source)->open(outlet); !opened)
        return refuse(opened.error().message);
    while (!(*source)->finished() && !context_.failed()) {
        (*source)->poll(context_.now_ns, kBatchRows, outlet);
        door.poll();
        if (const std::string_view failure = (*source)->failure(); !failure.empty())
            context_.fail(std::string(failure));
    }
    if (context_.failed()) return refuse(context_.error);
    table_->finish();
    if (const std::size_t most = table_->rows_of_key_max(); most > LookupTable::kRowsOfKeyMax) {
        return refuse("one key has " + std::to_string(most) + " rows, and a lookup join takes " +
                      std::to_string(LookupTable::kRowsOfKeyMax) + " at most");
    }
    return LookupTablePtr(std::move(table_));
}

void LookupReader::offer(SplitId /*split*/, const Batch& rows) {
    const auto columns = columns_.run(rows.view(), context_);
    if (!context_.failed()) links_.front()->emit({columns, Selection::all(rows.size()), nullptr});
    context_.scratch.reset();
}

void LookupReader::reject(const Rejected& record) {
    const std::string& name = lookup_.source.name;
    on_reject_(name, record);
    if (!lookup_.source.format.ignore_parse_errors) context_.fail(unread_record_text(name, record));
}

void LookupReader::keep(const BatchView& rows) {
    if (table_->size() + rows.size() > LookupTable::kRowsMax) {
        context_.fail("it has more than " + std::to_string(LookupTable::kRowsMax) + " rows");
        return;
    }
    table_->add(rows);
}

}  // namespace thalweg
