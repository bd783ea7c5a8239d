#include "ingest/nexmark_source.h"

#include "ingest/stream_reader.h"
#include "state/base/time.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace thalweg {

namespace {

// So many events in a row are of one stream: a batch of them has one division less a row.
constexpr std::uint64_t kChunk = kBatchRows;

// How many of `events` are of stream `index` of `count`.
std::uint64_t share_of(std::uint64_t events, std::size_t index, std::size_t count) {
    const std::uint64_t round = kChunk * count;
    const std::uint64_t rest = events % round;
    const std::uint64_t before = kChunk * index;
    const std::uint64_t last = rest > before ? std::min(rest - before, kChunk) : 0;
    return events / round * kChunk + last;
}

// The number of the event of a stream that is made next.
std::uint64_t next_of(const MadeStream& stream) noexcept {
    const std::uint64_t chunk = stream.made / kChunk * stream.count + stream.index;
    return chunk * kChunk + stream.made % kChunk;
}

}  // namespace

NexmarkSource::NexmarkSource(const NexmarkSettings& settings,
                             std::vector<NexmarkColumn> columns,
                             const FormatSpec& format,
                             SourceInstance instance)
    : settings_(settings),
      columns_(std::move(columns)),
      instance_(std::move(instance)),
      generator_(settings),
      batch_(schema_of(format)) {
    MadeStream& stream = streams_.emplace_back();
    stream.index = instance_.index;
    stream.count = instance_.count;
    stream.made_max = events_of(stream);
}

std::uint64_t NexmarkSource::events_of(const MadeStream& stream) const {
    if (!settings_.event_count) return std::numeric_limits<std::uint64_t>::max();
    return share_of(*settings_.event_count, stream.index, stream.count);
}

Result<void> NexmarkSource::restore(const std::vector<SourcePosition>& positions) {
    if (positions.empty()) return {};
    TRY(streams_, streams_of(positions, instance_, "nexmark"));
    for (MadeStream& stream : streams_) {
        stream.made_max = events_of(stream);
        TRY_VOID(stream.check_made(stream.made, "nexmark"));
    }
    return {};
}

void NexmarkSource::seal(std::uint64_t /*epoch*/, std::vector<SourcePosition>& positions) {
    for (const MadeStream& stream : streams_)
        positions.push_back(stream.position());
}

Result<void> NexmarkSource::open(Outlet& outlet) {
    split_ = outlet.open_split();
    ++counters_.connections_opened;
    return {};
}

std::size_t NexmarkSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    if (is_finished_ || !outlet.ready()) return 0;
    start(now_ns);
    std::size_t done = 0;
    while (!is_over() && done < budget && outlet.ready()) {
        MadeStream& stream = *next_stream();
        const std::size_t count = how_many(stream, budget - done);
        if (count == 0) break;
        make(stream, count);
        done += count;
        outlet.offer(split_, batch_);
    }
    const bool is_resting = is_over() || (settings_.is_paced && next_poll_ns() > now_ns);
    if (is_stopping_ || (is_over() && !settings_.stays)) {
        finish(outlet);
    } else if (done != 0 && is_resting) {
        outlet.flush();
    }
    return done;
}

void NexmarkSource::start(std::int64_t now_ns) {
    now_ns_ = now_ns;
    if (started_at_ns_ || is_over()) return;
    started_at_ns_ = now_ns;
    first_event_ = next_of(*next_stream());
}

bool NexmarkSource::is_over() const {
    return is_stopping_ ||
           std::ranges::all_of(streams_, [](const MadeStream& stream) { return stream.is_over(); });
}

// The one whose next event is the first, so that all of them keep in step.
MadeStream* NexmarkSource::next_stream() {
    MadeStream* first = nullptr;
    for (MadeStream& stream : streams_) {
        if (stream.is_over()) continue;
        if (first == nullptr || next_of(stream) < next_of(*first)) first = &stream;
    }
    return first;
}

std::int64_t NexmarkSource::due_ns(std::uint64_t event) const {
    if (!settings_.is_paced) return std::numeric_limits<std::int64_t>::min();
    const double events = static_cast<double>(event - std::min(event, first_event_));
    const double wait_ns =
        events / static_cast<double>(settings_.rate) * static_cast<double>(kNanosPerSecond);
    return saturating_add(started_at_ns_.value_or(0), static_cast<std::int64_t>(wait_ns));
}

// Of the stream's next events: at most `limit`, to the end of the chunk, those that are due.
std::size_t NexmarkSource::how_many(const MadeStream& stream, std::size_t limit) const {
    const std::uint64_t of_chunk = kChunk - stream.made % kChunk;
    std::uint64_t count = std::min({of_chunk, stream.made_max - stream.made, std::uint64_t{limit}});
    if (!settings_.is_paced) return static_cast<std::size_t>(count);
    const std::uint64_t first = next_of(stream);
    while (count != 0 && due_ns(first + count - 1) > now_ns_)
        --count;
    return static_cast<std::size_t>(count);
}

void NexmarkSource::make(MadeStream& stream, std::size_t count) {
    batch_.clear();
    generator_.take(next_of(stream), count);
    for (std::size_t i = 0; i < columns_.size(); ++i)
        columns_[i].fill(generator_, batch_.column(i), batch_.arena());
    batch_.set_size(count);
    stream.made += count;
    counters_.received_records += count;
    counters_.emitted_records += count;
}

void NexmarkSource::finish(Outlet& outlet) {
    outlet.close_split(split_);
    ++counters_.connections_closed;
    outlet.flush();
    is_finished_ = true;
}

std::int64_t NexmarkSource::next_poll_ns() const {
    if (is_finished_) return std::numeric_limits<std::int64_t>::max();
    if (is_stopping_ || !started_at_ns_) return std::numeric_limits<std::int64_t>::min();
    std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
    for (const MadeStream& stream : streams_) {
        if (!stream.is_over()) earliest = std::min(earliest, due_ns(next_of(stream)));
    }
    const bool ends = earliest == std::numeric_limits<std::int64_t>::max() && !settings_.stays;
    return ends ? std::numeric_limits<std::int64_t>::min() : earliest;
}

}  // namespace thalweg
