#include "tests/support/durable_producers.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace thalweg::test {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::size_t Producer::records_before(std::size_t offset) const {
    const auto behind = std::upper_bound(ends.begin(), ends.end(), offset);
    return static_cast<std::size_t>(behind - ends.begin());
}

Producers::Producers(const SimNetwork& network, std::int64_t ahead_ns) : ahead_ns_(ahead_ns) {
    for (const SimConnection& connection : network.connections()) {
        Producer producer;
        producer.table = connection.table;
        producer.id = "producer-" + std::to_string(all_.size());
        for (const SimItem& item : connection.items) {
            producer.bytes += connection.bytes.substr(item.begin, item.end - item.begin);
            if (producer.bytes.back() != '\n') producer.bytes += '\n';
            producer.ends.push_back(producer.bytes.size());
            producer.records.push_back(item);
        }
        producer.least_times.resize(producer.records.size() + 1, kNever);
        for (std::size_t i = producer.records.size(); i > 0; --i) {
            const SimItem& item = producer.records[i - 1];
            const bool has_time = item.kind == SimItemKind::kEvent && item.event.time;
            producer.least_times[i - 1] =
                std::min(producer.least_times[i], has_time ? *item.event.time : kNever);
        }
        all_.push_back(std::move(producer));
    }
    pace();
}

// Behind the earliest time that may still come, by less than the delay of the watermark.
void Producers::pace() {
    std::int64_t least = kNever;
    for (const Producer& producer : all_)
        least = std::min(least, producer.least_times[producer.acked]);
    const std::int64_t until = saturating_add(least, ahead_ns_);
    for (Producer& producer : all_) {
        for (; producer.sendable < producer.records.size(); ++producer.sendable) {
            const SimItem& item = producer.records[producer.sendable];
            if (item.kind == SimItemKind::kEvent && item.event.time && *item.event.time > until)
                break;
        }
    }
}

void Producers::step(Random& random, std::size_t agents, bool is_healed) {
    Producer& producer = all_[random.below(all_.size())];
    if (!producer.is_connected) {
        if (producer.is_done()) return;
        producer.is_connected = true;
        producer.is_accepted = producer.is_lost = false;
        producer.agent = random.below(agents);
        ++producer.epoch;
        return;
    }
    if (!producer.is_accepted || producer.is_lost) return;
    if (!is_healed && random.below(24) == 0) {
        producer.is_lost = true;
        return;
    }
    const std::size_t end = producer.offset_of(producer.sendable);
    const std::size_t left = end - std::min(end, producer.arrived);
    const std::size_t most = is_healed || random.below(8) == 0 ? left : 1 + random.below(200);
    producer.arrived += std::min(left, most);
}

void Producers::lose_all() {
    for (Producer& producer : all_)
        producer.is_connected = producer.is_accepted = producer.is_lost = false;
}

void Producers::acknowledge(Producer& producer, std::size_t count) {
    if (count <= producer.acked) return;
    producer.acked = count;
    promise(producer, count);
    pace();
}

void Producers::promise(Producer& producer, std::size_t count) {
    producer.promised = std::max(producer.promised, count);
}

SessionDesk::SessionDesk(Producers& producers, std::size_t agents, CrashPlant plant)
    : producers_(producers), plant_(plant), sessions_(producers.all().size()) {
    for (std::size_t i = 0; i < sessions_.size(); ++i)
        sessions_[i].owner = i % agents;
}

// Every instance brings the same.
void SessionDesk::restore(std::size_t table, const std::vector<SourcePosition>& positions) {
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        Producer& producer = producers_.all()[i];
        if (producer.table != table) continue;
        const auto found = std::find_if(positions.begin(), positions.end(), [&](const auto& each) {
            return each.id == producer.id;
        });
        sessions_[i].accepted = found == positions.end() ? 0 : found->position;
    }
}

void SessionDesk::restore_journal(std::string_view id, std::size_t offset) {
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        const Producer& producer = producers_.all()[i];
        if (producer.id == id) accept(i, producer.records_before(offset));
    }
}

void SessionDesk::promise_accepted() {
    for (std::size_t i = 0; i < sessions_.size(); ++i)
        Producers::promise(producers_.all()[i], sessions_[i].accepted);
}

void SessionDesk::check_promises() {
    for (std::size_t i = 0; i < sessions_.size() && problem.empty(); ++i) {
        const Producer& producer = producers_.all()[i];
        if (sessions_[i].accepted >= producer.promised) continue;
        problem = producer.id + " was told that " + std::to_string(producer.promised) +
                  " records are durable, and " + std::to_string(sessions_[i].accepted) +
                  " have come back";
    }
}

bool SessionDesk::grant(std::size_t agent, std::size_t index, Random& random) {
    Session& session = sessions_[index];
    Producer& producer = producers_.all()[index];
    const auto epoch = [&](std::size_t of) { return open_epochs_[{producer.table, of}]; };
    const bool is_same_epoch = epoch(session.owner) == epoch(agent);
    if (session.is_live || (!is_same_epoch && plant_ != CrashPlant::kHandOverAnyTime)) {
        ++waits;
        return false;
    }
    if (session.owner != agent) ++moves;
    session.owner = agent;
    session.is_live = true;
    producer.is_accepted = true;
    if (session.accepted > producer.sendable && problem.empty())
        problem = producer.id + " has not sent as many records as were accepted";
    // A producer may believe what it is told, or send all that it still has.
    const std::size_t known = std::max(session.accepted, producer.promised);
    const std::size_t first = random.below(2) == 0 ? known : producer.promised;
    producer.resent += known - first;
    const bool is_trimmed = plant_ != CrashPlant::kNoDedup;
    if (is_trimmed) trims += known - first;
    producer.taken = producer.arrived = producer.offset_of(is_trimmed ? known : first);
    return true;
}

void SessionDesk::release(std::size_t index) {
    Producer& producer = producers_.all()[index];
    ASSERT(sessions_[index].is_live);
    sessions_[index].is_live = false;
    producer.is_connected = producer.is_accepted = producer.is_lost = false;
}

void SessionDesk::accept(std::size_t producer, std::size_t records) {
    Session& session = sessions_[producer];
    session.accepted = std::max(session.accepted, records);
}

void SessionDesk::seal(std::size_t table,
                       std::size_t agent,
                       std::uint64_t epoch,
                       std::vector<SourcePosition>& positions) {
    open_epochs_[{table, agent}] = epoch;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        Producer& producer = producers_.all()[i];
        const Session& session = sessions_[i];
        if (producer.table != table || session.owner != agent) continue;
        positions.push_back({producer.id, producer.epoch, session.accepted});
        sealed_.push_back({epoch, i, session.accepted});
        if (plant_ == CrashPlant::kAckEarly) producers_.acknowledge(producer, session.accepted);
    }
}

void SessionDesk::commit(std::uint64_t epoch) {
    std::erase_if(sealed_, [&](const Sealed& sealed) {
        if (sealed.epoch > epoch) return false;
        producers_.acknowledge(producers_.all()[sealed.producer], sealed.accepted);
        return true;
    });
}

bool SessionDesk::is_over(std::size_t table) const {
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        const Producer& producer = producers_.all()[i];
        if (producer.table == table && sessions_[i].accepted < producer.records.size())
            return false;
    }
    return true;
}

}  // namespace thalweg::test
