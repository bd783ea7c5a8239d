#include "ingest/journal.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::string_view kPositionPrefix = "journal ";
constexpr std::size_t kPartBytesDue = std::size_t{16} << 20U;  // Of one group on the disk.

std::optional<Generation> position_of(const std::vector<SourcePosition>& positions,
                                      std::uint32_t instance) {
    const std::string id = std::string(kPositionPrefix) + std::to_string(instance);
    for (const SourcePosition& position : positions) {
        if (position.id == id) return position.position;
    }
    return std::nullopt;
}

}  // namespace

// Others, if its source has any, are not about segments.
void Journal::restore(const std::vector<SourcePosition>& positions) {
    positions_.clear();
    std::copy_if(positions.begin(), positions.end(), std::back_inserter(positions_), is_position);
}

bool Journal::is_position(const SourcePosition& position) {
    return position.id.starts_with(kPositionPrefix);
}

Result<void> Journal::open(JournalReplay::Say say) {
    JournalFiles& files = *settings_.files;
    for (const SourcePosition& position : positions_)
        files.reserve(position.position);
    const std::size_t instances =
        std::max<std::size_t>(files.instance_count(settings_.source), positions_.size());
    std::vector<std::vector<Generation>> chains;
    for (std::size_t i = settings_.instance; i < instances; i += settings_.instance_count) {
        TRY(std::vector<Generation> numbers, chain(static_cast<std::uint32_t>(i)));
        if (!numbers.empty()) chains.push_back(std::move(numbers));
    }
    if (!chains.empty())
        replay_ = std::make_unique<JournalReplay>(files, std::move(chains), std::move(say));
    owner_.source = settings_.source;
    owner_.instance = settings_.instance;
    // Before the first epoch is asked for: what it counts as old has a number by then.
    number_ = files.take_number();
    return {};
}

// An instance of which the epoch knows nothing came into being after it.
Result<std::vector<Generation>> Journal::chain(std::uint32_t instance) const {
    const JournalFiles& files = *settings_.files;
    if (const auto first = position_of(positions_, instance))
        return files.chain_from(settings_.source, instance, *first);
    Generation floor = 0;
    for (const SourcePosition& position : positions_)
        floor = std::max(floor, position.position);
    return files.chain_above(settings_.source, instance, floor);
}

void Journal::append(const JournalEntry& entry) {
    Group& group = front();
    const std::size_t part = group.marks.empty() ? 0 : group.marks.back().offset;
    if (group.bytes.size() - part >= kPartBytesDue) group.marks.push_back({group.bytes.size(), 0});
    append_entry(group.bytes, entry);
    if (!entry.is_carried) group.received_bytes += entry.bytes.size();
}

bool Journal::is_writer_idle() {
    const std::uint64_t done = done_.load(std::memory_order_acquire);  // Acquire: see Ordering.
    if (done != done_seen_) {
        done_seen_ = done;
        // The other group is back.
        Group& group = groups_[(handed_here_ + 1) % 2];
        durable_bytes_ += group.received_bytes;
        ++durable_groups_;
        group.bytes.clear();
        group.marks.clear();
        group.received_bytes = 0;
    }
    return done == handed_here_;
}

void Journal::hand_over() {
    DEBUG_ASSERT(is_writer_idle());
    ++handed_here_;
    handed_.store(handed_here_, std::memory_order_release);  // Release: see Ordering.
    if (wake_writer_) wake_writer_();
}

void Journal::flush(std::int64_t now_ns) {
    const bool is_idle = is_writer_idle();
    const Group& group = front();
    if (!is_idle || (group.bytes.empty() && group.marks.empty())) return;
    const bool is_due = group.bytes.size() >= kGroupBytesDue || cut_group_ > handed_here_ ||
                        now_ns < handed_at_ns_ || now_ns - kGroupAgeNs >= handed_at_ns_;
    if (!is_due) return;
    handed_at_ns_ = now_ns;
    hand_over();
}

SourcePosition Journal::cut() {
    const Generation number = settings_.files->take_number();
    front().marks.push_back({front().bytes.size(), number});
    cut_group_ = handed_here_ + 1;
    return {std::string(kPositionPrefix) + std::to_string(settings_.instance), 0, number};
}

bool Journal::is_sealed() {
    const bool is_idle = is_writer_idle();
    if (done_seen_ >= cut_group_) return true;
    if (is_idle && handed_here_ < cut_group_) hand_over();
    return false;
}

Result<bool> Journal::write() {
    const std::uint64_t done = done_.load(std::memory_order_relaxed);   // Relaxed: written here.
    if (handed_.load(std::memory_order_acquire) == done) return false;  // Acquire: see Ordering.
    const Group& group = groups_[done % 2];
    const std::span<const std::byte> bytes(group.bytes);
    for (; part_ <= group.marks.size(); ++part_) {
        const std::size_t begin = part_ == 0 ? 0 : group.marks[part_ - 1].offset;
        const std::size_t end =
            part_ == group.marks.size() ? bytes.size() : group.marks[part_].offset;
        TRY_VOID(write_part(bytes.subspan(begin, end - begin)));
        if (part_ == group.marks.size() || group.marks[part_].segment == 0) continue;
        if (segment_ != nullptr) {
            owner_.previous = segment_->number();
            owner_.previous_groups = segment_->group_count();
        }
        segment_.reset();
        number_ = group.marks[part_].segment;
        is_named_ = false;
        is_wanted_ = true;
    }
    part_ = 0;
    // The source may wait for either.
    const bool is_waited_for = !group.marks.empty() || bytes.size() >= kGroupBytesDue;
    done_.store(done + 1, std::memory_order_release);  // Release: see Ordering.
    if (is_waited_for && settings_.wake_source) settings_.wake_source();
    return true;
}

Result<void> Journal::write_part(std::span<const std::byte> part) {
    if (part.empty() && !is_wanted_) return {};
    if (segment_ == nullptr) {
        TRY(segment_, settings_.files->create(number_, owner_));
    }
    if (!is_written_) TRY_VOID(segment_->append(part));
    is_written_ = true;
    if (!is_named_) TRY_VOID(settings_.files->sync_names());
    is_named_ = true;
    is_written_ = false;
    is_wanted_ = false;
    return {};
}

Result<void> open_journal(Journal* journal, const std::string& table, JournalReplay::Say say) {
    if (journal == nullptr)
        return fail(Code::kInvalid,
                    "table '" + table +
                        "': 'durability' = 'journal' writes into a state directory, and there is "
                        "none: run with --state DIR");
    return journal->open(std::move(say));
}

}  // namespace thalweg
