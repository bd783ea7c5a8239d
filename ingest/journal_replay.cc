#include "ingest/journal_replay.h"

#include <algorithm>
#include <string>
#include <utility>

namespace thalweg {

JournalReplay::JournalReplay(const JournalFiles& files,
                             std::vector<std::vector<Generation>> chains,
                             Say say)
    : files_(&files), say_(std::move(say)) {
    for (std::vector<Generation>& numbers : chains) {
        Chain& chain = chains_.emplace_back();
        chain.index = static_cast<std::uint32_t>(chains_.size() - 1);
        chain.numbers = std::move(numbers);
    }
}

Result<const JournalEntry*> JournalReplay::next() {
    if (!std::exchange(has_begun_, true)) {
        for (Chain& chain : chains_)
            TRY_VOID(advance(chain));
    }
    if (latest_ != nullptr) TRY_VOID(advance(*std::exchange(latest_, nullptr)));
    for (Chain& chain : chains_) {
        if (!chain.has_entry) continue;
        if (latest_ == nullptr || chain.time_ns < latest_->time_ns) latest_ = &chain;
    }
    return latest_ == nullptr ? nullptr : &latest_->entry;
}

Result<void> JournalReplay::advance(Chain& chain) {
    chain.has_entry = false;
    while (!chain.has_entry) {
        if (!chain.segment) {
            if (chain.segment_index == chain.numbers.size()) return {};
            TRY_VOID(open_segment(chain));
            continue;
        }
        TRY(const bool has_read, read_entry(chain));
        if (!has_read) end_segment(chain);
    }
    chain.entry.chain = chain.index;
    using Kind = JournalEntry::Kind;
    if (chain.entry.kind != Kind::kRestarted && chain.entry.kind != Kind::kSender)
        chain.time_ns = std::max(chain.time_ns, chain.entry.time_ns);
    return {};
}

// False at the end of the segment. What it repeats of the one before is passed over.
Result<bool> JournalReplay::read_entry(Chain& chain) {
    Result<bool> has_entry = chain.entries.next(chain.entry);
    if (!has_entry)
        return damaged(chain.segment->file(),
                       chain.segment->size(),
                       "an entry in group " + std::to_string(chain.segment->groups_read() - 1) +
                           " of the journal: " + has_entry.error().message);
    if (*has_entry) {
        chain.has_entry = chain.segment_index == 0 || !chain.entry.is_carried;
        return true;
    }
    TRY(const bool has_group, chain.segment->next());
    if (has_group) chain.entries = EntryReader(chain.segment->payload());
    return has_group;
}

Result<void> JournalReplay::open_segment(Chain& chain) {
    TRY(chain.segment, files_->read(chain.numbers[chain.segment_index]));
    chain.entries = EntryReader();
    if (chain.segment_index == 0) return {};
    const SegmentOwner& owner = chain.segment->owner();
    if (owner.previous == 0) {
        chain.entry = {};
        chain.entry.kind = JournalEntry::Kind::kRestarted;
        chain.has_entry = true;
    } else if (owner.previous_groups != chain.groups_before) {
        return damaged(chain.segment->file(),
                       kGroupAlignment,
                       "the segment before it, " + std::to_string(owner.previous) + ", had " +
                           std::to_string(owner.previous_groups) + " groups, of which " +
                           std::to_string(chain.groups_before) + " can be read");
    }
    return {};
}

void JournalReplay::end_segment(Chain& chain) {
    const SegmentReader& segment = *chain.segment;
    if (segment.torn_bytes() != 0 && say_)
        say_(segment.file().path() + ": the last " + std::to_string(segment.torn_bytes()) +
             " bytes had not become durable; they are left out");
    chain.groups_before = segment.groups_read();
    chain.segment.reset();
    ++chain.segment_index;
}

}  // namespace thalweg
