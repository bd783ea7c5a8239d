#include "tests/support/sim_source.h"

#include "state/base/assertion.h"
#include "state/selection.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace thalweg::test {

SplitId SimOutlet::open_split() {
    desk_.notes.push_back({SimStep::kOpen, connection_, 0});
    return target_->open_split();
}

void SimOutlet::close_split(SplitId split) {
    desk_.notes.push_back({SimStep::kClose, connection_, 0});
    target_->close_split(split);
}

void SimOutlet::offer(SplitId split, const Batch& rows) {
    desk_.notes.push_back({SimStep::kRows, connection_, rows.size()});
    const bool is_third = ++desk_.batches == 3;
    const bool repeats = desk_.plant == Plant::kRepeatBatch && rows.size() < kBatchRows;
    if (!is_third || (desk_.plant != Plant::kDropRecord && !repeats)) {
        target_->offer(split, rows);
        return;
    }
    changed_ = std::make_unique<Batch>(schema_);
    const std::size_t count = repeats ? rows.size() : rows.size() - 1;
    changed_->append(rows.view(), Selection::range(0, count));
    if (repeats) changed_->append(rows.view(), Selection::range(0, 1));
    target_->offer(split, *changed_);
}

SimSource::SimSource(Settings settings, FormatSpec format)
    : settings_(settings),
      format_(std::move(format)),
      workspace_(format_, 1),
      outlet_(*settings_.desk, schema_of(format_)),
      random_(settings_.seed) {}

Result<void> SimSource::open(Outlet& outlet) {
    outlet_.set_target(outlet);
    if (settings_.accepts_at_open) static_cast<void>(accept_all());
    return {};
}

std::size_t SimSource::accept_all() {
    SimNetwork& network = *settings_.desk->network;
    std::size_t accepted = 0;
    for (;; ++accepted) {
        const auto connection = network.accept(settings_.table, settings_.agent);
        if (!connection) return accepted;
        outlet_.set_connection(*connection);
        Result<std::unique_ptr<Decoder>> decoder = make_decoder(format_);
        ASSERT(decoder.has_value());
        StreamReader::Origin origin{
            "10.0.0.1:4711", static_cast<std::int64_t>(*connection), outlet_.open_split()};
        readers_[*connection] =
            std::make_unique<StreamReader>(workspace_, *std::move(decoder), std::move(origin));
    }
}

std::size_t SimSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    outlet_.set_target(outlet);
    if (!outlet.ready()) {
        ++settings_.desk->refusals;
        return 0;
    }
    if (is_stopping_) return finish(budget);
    std::size_t done = accept_all();
    if (current_) done += serve(*current_, now_ns, budget);
    const std::size_t first = readers_.empty() ? 0 : random_.below(readers_.size());
    std::vector<std::size_t> turns;
    for (const auto& [connection, reader] : readers_)
        turns.push_back(connection);
    for (std::size_t i = 0; i < turns.size() && !current_ && outlet_.ready(); ++i)
        done += serve(turns[(first + i) % turns.size()], now_ns, budget);
    if (done == 0 && !std::exchange(is_flushed_, true)) outlet_.flush();
    return done;
}

std::size_t SimSource::serve(std::size_t connection, std::int64_t now_ns, std::size_t budget) {
    const auto found = readers_.find(connection);
    if (found == readers_.end()) return 0;
    StreamReader& reader = *found->second;
    outlet_.set_connection(connection);
    const SimConnection& wire = settings_.desk->network->connections()[connection];
    const bool has_news = wire.arrived > wire.taken || wire.has_ended;
    if (!current_ && !has_news) return 0;
    if (!current_) read(connection, now_ns);
    current_ = connection;
    static_cast<void>(reader.deliver(budget, outlet_));
    is_flushed_ = false;
    if (reader.has_backlog()) return 1;
    current_.reset();
    if (reader.is_done()) close(connection);
    return 1;
}

void SimSource::read(std::size_t connection, std::int64_t now_ns) {
    SimNetwork& network = *settings_.desk->network;
    const SimConnection& wire = network.connections()[connection];
    StreamReader& reader = *readers_.at(connection);
    if (wire.arrived == wire.taken) {
        network.connections()[connection].is_over = true;
        reader.end(wire.ending == SimEnding::kReset ? StreamEnd::kBroken : StreamEnd::kClean);
        return;
    }
    const std::span<char> room = reader.room();
    const std::size_t most = random_.below(2) == 0 ? room.size() : 1 + random_.below(60);
    const std::size_t count = network.read(connection, room.first(std::min(room.size(), most)));
    reader.take(count, now_ns);
}

void SimSource::close(std::size_t connection) {
    outlet_.set_connection(connection);
    outlet_.close_split(readers_.at(connection)->origin().split);
    readers_.erase(connection);
    settings_.desk->network->connections()[connection].is_closed = true;
}

void SimSource::stop() {
    is_stopping_ = true;
    settings_.desk->notes.push_back({SimStep::kStop, 0, 0});
}

// After a stop: what was read is delivered, and all connections go.
std::size_t SimSource::finish(std::size_t budget) {
    if (current_) {
        StreamReader& reader = *readers_.at(*current_);
        outlet_.set_connection(*current_);
        reader.end(StreamEnd::kStopped);
        static_cast<void>(reader.deliver(budget, outlet_));
        if (reader.has_backlog()) return 1;
        current_.reset();
    }
    while (!readers_.empty())
        close(random_.below(2) == 0 ? readers_.begin()->first : std::prev(readers_.end())->first);
    return 1;
}

bool SimSource::finished() const {
    if (!readers_.empty()) return false;
    const bool is_over = settings_.desk->network->is_over(settings_.table);
    return is_stopping_ || (settings_.is_bounded && is_over);
}

}  // namespace thalweg::test
