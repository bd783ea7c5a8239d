#include "tests/support/durable_source.h"

#include "ingest/stream_journal.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace thalweg::test {

namespace {

constexpr std::size_t kReadBytes = 1024;

}  // namespace

DurableSource::DurableSource(Settings settings, FormatSpec format)
    : settings_(std::move(settings)),
      format_(std::move(format)),
      workspace_(format_, kReadBytes),
      random_(settings_.seed) {}

Result<void> DurableSource::open(Outlet&) {
    if (settings_.journal == nullptr) return {};
    TRY_VOID(settings_.journal->open(nullptr));
    if (settings_.desk->plant() == CrashPlant::kNoReplay) settings_.journal->end_replay();
    if (JournalReplay* const journal = settings_.journal->replay())
        replay_ = std::make_unique<StreamReplay>(*journal, workspace_, format_);
    return {};
}

Result<void> DurableSource::restore(const std::vector<SourcePosition>& positions) {
    if (settings_.journal != nullptr) settings_.journal->restore(positions);
    settings_.desk->restore(settings_.table, positions);
    return {};
}

void DurableSource::seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) {
    settings_.desk->seal(settings_.table, settings_.agent, epoch, positions);
    if (settings_.journal == nullptr) return;
    positions.push_back(settings_.journal->cut());
    if (settings_.desk->plant() == CrashPlant::kNoCarry) return;
    for (const auto& [producer, reader] : readers_)
        StreamJournal(*settings_.journal).opened(producer, *readers_.at(producer), now_ns_, true);
}

void DurableSource::commit(std::uint64_t epoch) {
    settings_.desk->commit(epoch);
}

std::size_t DurableSource::take_sessions(Outlet& outlet) {
    const std::vector<Producer>& producers = settings_.desk->producers().all();
    std::size_t taken = 0;
    for (std::size_t i = 0; i < producers.size(); ++i) {
        const Producer& producer = producers[i];
        const bool is_here = producer.table == settings_.table && producer.agent == settings_.agent;
        if (!is_here || !producer.is_connected || producer.is_accepted) continue;
        // Another journal must not have what follows on records that this one may yet lose.
        if (settings_.journal != nullptr && producer.promised < settings_.desk->accepted(i))
            continue;
        if (!settings_.desk->grant(settings_.agent, i, random_)) continue;
        Result<std::unique_ptr<Decoder>> decoder = make_decoder(format_);
        ASSERT(decoder.has_value());
        StreamReader::Origin origin{producer.id,
                                    static_cast<std::int64_t>(producer.epoch),
                                    outlet.open_split(),
                                    producer.taken};
        readers_[i] =
            std::make_unique<StreamReader>(workspace_, *std::move(decoder), std::move(origin));
        if (settings_.journal != nullptr)
            StreamJournal(*settings_.journal).opened(i, *readers_.at(i), now_ns_, false);
        ++taken;
    }
    return taken;
}

std::size_t DurableSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    now_ns_ = now_ns;
    if (settings_.journal != nullptr) keep_promises();
    if (!outlet.ready()) {
        ++settings_.desk->refusals;
        return 0;
    }
    if (replay_ != nullptr) return replay_some(budget, outlet);
    std::size_t done = is_stopping_ ? 0 : take_sessions(outlet);
    if (current_) done += serve(*current_, now_ns, budget, outlet);
    const std::size_t first = readers_.empty() ? 0 : random_.below(readers_.size());
    std::vector<std::size_t> turns;
    for (const auto& [producer, reader] : readers_)
        turns.push_back(producer);
    for (std::size_t i = 0; i < turns.size() && !current_ && outlet.ready(); ++i)
        done += serve(turns[(first + i) % turns.size()], now_ns, budget, outlet);
    if (done == 0 && !std::exchange(is_flushed_, true)) outlet.flush();
    return done;
}

std::size_t DurableSource::serve(std::size_t index,
                                 std::int64_t now_ns,
                                 std::size_t budget,
                                 Outlet& outlet) {
    const auto found = readers_.find(index);
    if (found == readers_.end()) return 0;
    StreamReader& reader = *found->second;
    if (!current_ && !read(index, now_ns)) return 0;
    current_ = index;
    if (!reader.is_done()) static_cast<void>(reader.deliver(budget, outlet));
    is_flushed_ = false;
    const Producer& producer = settings_.desk->producers().all()[index];
    settings_.desk->accept(index, producer.records_before(reader.position()));
    if (reader.has_backlog()) return 1;
    // What it accepted must be behind the outlet before another agent may have the session.
    if (reader.is_done() && !outlet.ready()) return 1;
    current_.reset();
    if (reader.is_done()) release(index, outlet);
    return 1;
}

// Whether there was anything to read. A record that has not arrived whole will come again.
bool DurableSource::read(std::size_t index, std::int64_t now_ns) {
    Producer& producer = settings_.desk->producers().all()[index];
    StreamReader& reader = *readers_.at(index);
    if (reader.is_done()) return true;
    const bool is_over = producer.taken == producer.bytes.size();
    if (producer.is_lost || is_stopping_ || is_over) {
        reader.end(StreamEnd::kStopped);
        return true;
    }
    if (producer.arrived == producer.taken) return false;
    const std::span<char> room = reader.room();
    const std::size_t most = random_.below(2) == 0 ? room.size() : 1 + random_.below(60);
    const std::size_t count = std::min({producer.arrived - producer.taken, room.size(), most});
    std::memcpy(room.data(), producer.bytes.data() + producer.taken, count);
    if (settings_.journal != nullptr && !settings_.journal->has_room()) {
        reader.take(0, now_ns);
        return false;
    }
    producer.taken += count;
    if (settings_.journal != nullptr) journal_bytes(index, {room.data(), count});
    reader.take(count, now_ns);
    return true;
}

std::size_t DurableSource::replay_some(std::size_t budget, Outlet& outlet) {
    const std::uint64_t before = workspace_.counters().received_bytes;
    const Result<std::size_t> done = replay_->poll(budget, outlet);
    *settings_.replayed_bytes += workspace_.counters().received_bytes - before;
    if (!done) failure_ = done.error().message;
    if (!done || !replay_->is_done()) return done.value_or(0);
    replay_.reset();
    settings_.journal->end_replay();
    return *done + 1;
}

void DurableSource::journal_bytes(std::size_t producer, std::string_view bytes) {
    StreamJournal(*settings_.journal).bytes(producer, bytes, now_ns_);
    journalled_bytes_ += bytes.size();
    const Producer& sender = settings_.desk->producers().all()[producer];
    kept_.push_back({journalled_bytes_, producer, sender.records_before(sender.taken)});
}

// Tells producers what is durable in the journal; too early, if that is the bug.
void DurableSource::keep_promises() {
    settings_.journal->flush(now_ns_);
    const bool is_early = settings_.desk->plant() == CrashPlant::kAckEarly;
    while (!kept_.empty() &&
           (is_early || kept_.front().bytes <= settings_.journal->durable_bytes())) {
        Producers::promise(settings_.desk->producers().all()[kept_.front().producer],
                           kept_.front().records);
        kept_.pop_front();
    }
}

void DurableSource::release(std::size_t producer, Outlet& outlet) {
    if (settings_.journal != nullptr)
        StreamJournal(*settings_.journal).closed(producer, *readers_.at(producer), now_ns_);
    outlet.close_split(readers_.at(producer)->origin().split);
    readers_.erase(producer);
    settings_.desk->release(producer);
}

void DurableSource::stop() {
    is_stopping_ = true;
}

bool DurableSource::finished() const {
    return readers_.empty() && replay_ == nullptr &&
           (is_stopping_ || settings_.desk->is_over(settings_.table));
}

}  // namespace thalweg::test
