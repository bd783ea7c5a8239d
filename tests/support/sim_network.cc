#include "tests/support/sim_network.h"

#include "state/base/assertion.h"
#include "state/base/time.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

namespace thalweg::test {

namespace {

constexpr std::int64_t kNoonNs = 1'704'110'400 * kNanosPerSecond;  // 2024-01-01 12:00:00
constexpr std::int64_t kMidnightNs = kNoonNs - 12 * kNanosPerHour;

std::string clock_text(std::int64_t time_ns) {
    const std::int64_t ms = (time_ns - kMidnightNs) / kNanosPerMilli;
    char text[40];
    std::snprintf(text,
                  sizeof text,
                  "2024-01-01 %02d:%02d:%02d.%03d",
                  static_cast<int>(ms / 3'600'000),
                  static_cast<int>(ms / 60'000 % 60),
                  static_cast<int>(ms / 1000 % 60),
                  static_cast<int>(ms % 1000));
    return text;
}

std::string words(Random& random) {
    constexpr const char* kWords[] = {"to", "be", "or", "not", "a-word-longer-than-inline"};
    std::string text;
    for (std::size_t left = random.below(4); left > 0; --left) {
        if (!text.empty()) text += ' ';
        text += kWords[random.below(5)];
    }
    return text.empty() ? "be" : text;
}

SimEvent random_event(std::int64_t id, std::int64_t& now_ms, const SimTraffic& in, Random& random) {
    now_ms += static_cast<std::int64_t>(random.below(2 * static_cast<std::uint64_t>(in.step_ms)));
    const auto disorder = static_cast<std::uint64_t>(in.disorder_ms) + 1;
    const std::int64_t time_ms = now_ms - static_cast<std::int64_t>(random.below(disorder));
    SimEvent event;
    event.id = id;
    event.key = static_cast<std::int64_t>(random.below(5));
    if (random.below(8) != 0) event.value = static_cast<std::int64_t>(random.below(100)) - 30;
    event.text = words(random);
    const bool is_null = in.has_null_times && random.below(20) == 0;
    if (!is_null) event.time = kNoonNs + time_ms * kNanosPerMilli;
    return event;
}

}  // namespace

SimConnection::Content SimConnection::content() const {
    Content content;
    for (const SimItem& item : items) {
        if (item.begin >= taken) break;
        const bool has_delimiter = bytes[item.end - 1] == '\n';
        const bool is_last_word = is_over && ending != SimEnding::kReset;
        const bool is_whole = taken >= item.end && (has_delimiter || is_last_word);
        if (is_whole && item.kind == SimItemKind::kEvent) {
            ++content.events;
        } else if (is_whole && item.kind != SimItemKind::kBlank) {
            ++content.rejected;
        } else if (!is_whole && is_over && ending == SimEnding::kReset) {
            ++content.rejected;
            content.is_cut = true;
        } else if (!is_whole && item.kind == SimItemKind::kTooLong) {
            ++content.unsure;
        }
    }
    return content;
}

SimNetwork::SimNetwork(SimTraffic traffic, Random& random) : traffic_(std::move(traffic)) {
    for (std::size_t table = 0; table < traffic_.tables; ++table) {
        std::vector<std::vector<SimEvent>> parts(traffic_.clients);
        std::int64_t now_ms = 0;
        for (std::size_t i = 0; i < traffic_.events; ++i) {
            const auto id = static_cast<std::int64_t>(i);
            parts[random.below(parts.size())].push_back(random_event(id, now_ms, traffic_, random));
        }
        for (std::vector<SimEvent>& part : parts)
            make_client(table, std::move(part), random);
        if (traffic_.has_garbage_client) make_garbage(table, random);
        if (traffic_.has_silent_client) make_silent(table, random);
    }
}

std::string SimNetwork::encode(const SimEvent& event) const {
    const std::string value = event.value ? std::to_string(*event.value) : "";
    const std::string time = event.time ? clock_text(*event.time) : "";
    const std::string id = std::to_string(event.id);
    const std::string key = std::to_string(event.key);
    if (traffic_.format == "csv") {
        return id + "," + key + "," + (event.value ? value : "~") + "," + event.text + "," +
               (event.time ? time : "~");
    }
    return R"({"id":)" + id + R"(,"k":)" + key + R"(,"v":)" + (event.value ? value : "null") +
           R"(,"s":")" + event.text + R"(","ts":)" + (event.time ? "\"" + time + "\"" : "null") +
           "}";
}

void SimNetwork::append(SimConnection& connection, SimItem item, const std::string& line) const {
    item.begin = connection.bytes.size();
    connection.bytes += line + "\n";
    item.end = connection.bytes.size();
    connection.items.push_back(std::move(item));
}

void SimNetwork::append_event(SimConnection& connection,
                              const SimEvent& event,
                              Random& random) const {
    if (traffic_.has_bad_records && random.below(12) == 0) append_bad(connection, random);
    append(connection, {SimItemKind::kEvent, 0, 0, event}, encode(event));
}

void SimNetwork::append_bad(SimConnection& connection, Random& random) const {
    const bool is_csv = traffic_.format == "csv";
    const std::uint64_t kind = random.below(4);
    if (kind == 0) {
        append(connection, {SimItemKind::kBlank, 0, 0, {}}, "");
    } else if (kind == 1) {
        SimEvent event;
        event.text = std::string(traffic_.frame_bytes_max + random.below(600), 'x');
        append(connection, {SimItemKind::kTooLong, 0, 0, {}}, encode(event));
    } else if (kind == 2) {
        append(connection, {SimItemKind::kMalformed, 0, 0, {}}, is_csv ? "1,2,3,a,~,6" : "}{");
    } else {
        const std::string line = is_csv ? "a,b,c,d,e" : R"({"id":1,"k":)";
        append(connection, {SimItemKind::kMalformed, 0, 0, {}}, line);
    }
}

// Decides how the connection ends, and adds it.
std::size_t SimNetwork::finish(SimConnection connection, Random& random) {
    connection.agent = random.below(traffic_.agents);
    connection.end = connection.bytes.size();
    const bool is_last_open = !connection.items.empty() &&
                              connection.items.back().kind == SimItemKind::kEvent &&
                              random.below(3) == 0;
    if (is_last_open && connection.ending == SimEnding::kClean) {
        connection.bytes.pop_back();
        --connection.items.back().end;
        --connection.end;
    }
    connections_.push_back(std::move(connection));
    return connections_.size() - 1;
}

void SimNetwork::make_client(std::size_t table, std::vector<SimEvent> events, Random& random) {
    std::size_t next = 0;
    std::size_t before = SIZE_MAX;
    do {
        SimConnection connection;
        connection.table = table;
        connection.after = before;
        const std::size_t first = next;
        const bool resets = traffic_.has_resets && random.below(2) == 0;
        const std::size_t count = resets ? random.below(events.size() - first + 1) : events.size();
        for (; next < events.size() && next - first < count; ++next)
            append_event(connection, events[next], random);
        if (resets && !connection.items.empty()) {
            connection.ending = SimEnding::kReset;
            const SimItem& last = connection.items.back();
            before = finish(std::move(connection), random);
            SimConnection& added = connections_[before];
            // Anywhere in the last record; at its end it is whole.
            added.end = last.begin + random.below(last.end - last.begin + 1);
            if (!traffic_.reconnects) return;
            if (added.end < last.end) --next;
        } else {
            before = finish(std::move(connection), random);
            if (resets && !traffic_.reconnects) return;  // Reset before its first word.
        }
    } while (next < events.size());
}

void SimNetwork::make_garbage(std::size_t table, Random& random) {
    SimConnection connection;
    connection.table = table;
    for (std::size_t left = 1 + random.below(20); left > 0; --left)
        append_bad(connection, random);
    static_cast<void>(finish(std::move(connection), random));
}

void SimNetwork::make_silent(std::size_t table, Random& random) {
    SimConnection connection;
    connection.table = table;
    connection.ending = SimEnding::kSilent;
    static_cast<void>(finish(std::move(connection), random));
}

void SimNetwork::connect_all() {
    for (SimConnection& connection : connections_) {
        if (connection.after == SIZE_MAX) connection.is_connected = true;
    }
}

void SimNetwork::step(Random& random, bool is_healed) {
    SimConnection& connection = connections_[random.below(connections_.size())];
    if (!connection.is_connected) {
        const std::size_t after = connection.after;
        connection.is_connected = after == SIZE_MAX || connections_[after].is_closed;
        return;
    }
    const std::size_t left = connection.end - connection.arrived;
    if (left == 0) {
        connection.has_ended = connection.ending != SimEnding::kSilent;
    } else {
        const std::size_t most = is_healed || random.below(8) == 0 ? left : 1 + random.below(120);
        connection.arrived += std::min(left, most);
    }
}

std::optional<std::size_t> SimNetwork::accept(std::size_t table, std::size_t agent) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        SimConnection& connection = connections_[i];
        if (connection.table != table || connection.agent != agent) continue;
        if (!connection.is_connected || connection.is_accepted) continue;
        connection.is_accepted = true;
        return i;
    }
    return std::nullopt;
}

std::size_t SimNetwork::read(std::size_t index, std::span<char> room) {
    SimConnection& connection = connections_[index];
    const std::size_t count = std::min(room.size(), connection.arrived - connection.taken);
    std::memcpy(room.data(), connection.bytes.data() + connection.taken, count);
    connection.taken += count;
    return count;
}

bool SimNetwork::is_over(std::size_t table) const {
    return std::all_of(connections_.begin(), connections_.end(), [&](const SimConnection& each) {
        const bool is_silent = each.ending == SimEnding::kSilent && each.is_accepted;
        return each.table != table || each.is_closed || is_silent;
    });
}

void SimNetwork::hang_up() {
    for (SimConnection& connection : connections_) {
        if (connection.ending == SimEnding::kSilent) connection.ending = SimEnding::kClean;
    }
}

}  // namespace thalweg::test
