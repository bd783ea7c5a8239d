#pragma once

#include "ops/window.h"
#include "state/base/random.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The network of the simulator: clients that send records over connections, whose bytes arrive in
// pieces of any size, late, or not at all.
//
// Shape    A connection is a stream of bytes known in full from the start, what is in it, and how
//          it ends. step() lets some bytes of one connection arrive; a source accepts connections
//          and reads what has arrived. A client whose connection was reset goes on over another
//          one, with the record that was cut.
// Threads  One.

namespace thalweg::test {

// What a record says.
struct SimEvent {
    std::int64_t id = 0;
    std::int64_t key = 0;
    std::optional<std::int64_t> value;
    std::string text;
    std::optional<std::int64_t> time;  // In ns, a whole number of milliseconds.
};

enum class SimItemKind : std::uint8_t { kEvent, kMalformed, kTooLong, kBlank };

struct SimItem {
    SimItemKind kind = SimItemKind::kEvent;
    std::size_t begin = 0;  // Of its bytes in the stream.
    std::size_t end = 0;    // Behind its delimiter, if it has one.
    SimEvent event;
};

enum class SimEnding : std::uint8_t {
    kClean,
    kReset,
    kSilent,  // Says nothing more and stays.
};

struct SimConnection {
    std::size_t table = 0;
    std::size_t agent = 0;  // Whose listener it reaches.
    std::string bytes;
    std::vector<SimItem> items;
    SimEnding ending = SimEnding::kClean;
    std::size_t end = 0;           // Bytes that will arrive; fewer than all before a reset.
    std::size_t after = SIZE_MAX;  // The connection that must be lost before.
    std::size_t arrived = 0;
    std::size_t taken = 0;
    bool is_connected = false;
    bool is_accepted = false;
    bool has_ended = false;  // The end has arrived behind the bytes.
    bool is_over = false;    // And the source has seen it.
    bool is_closed = false;  // By the source.

    // What the bytes taken by the source hold.
    struct Content {
        std::uint64_t events = 0;
        std::uint64_t rejected = 0;
        std::uint64_t unsure = 0;  // Too long, and perhaps not known to be yet.
        bool is_cut = false;       // In the middle of a record, by a reset.
    };

    [[nodiscard]] Content content() const;
};

struct SimTraffic {
    std::string format;  // json or csv
    std::size_t tables = 1;
    std::size_t agents = 1;
    std::size_t clients = 1;  // Of each table.
    std::size_t events = 100;
    std::int64_t step_ms = 1000;   // Event times move on by up to twice as much a record.
    std::int64_t disorder_ms = 0;  // And lie back by up to this.
    std::size_t frame_bytes_max = 256;
    bool has_bad_records = false;
    bool has_null_times = false;
    bool has_resets = false;
    bool reconnects = false;
    bool has_silent_client = false;
    bool has_garbage_client = false;
};

class SimNetwork {
  public:
    SimNetwork(SimTraffic traffic, Random& random);

    // Something happens to one connection. When healed, whatever can arrive does so soon.
    void step(Random& random, bool is_healed);

    // Every client connects, before anybody sends.
    void connect_all();

    // A connection of the table that waits to be accepted by the agent; nothing if there is none.
    [[nodiscard]] std::optional<std::size_t> accept(std::size_t table, std::size_t agent);

    // Moves bytes that have arrived; returns how many.
    std::size_t read(std::size_t connection, std::span<char> room);

    [[nodiscard]] std::vector<SimConnection>& connections() noexcept { return connections_; }

    [[nodiscard]] const std::vector<SimConnection>& connections() const noexcept {
        return connections_;
    }

    // Every client is done, and the sources of the table have taken everything.
    [[nodiscard]] bool is_over(std::size_t table) const;

    // A silent client goes at last.
    void hang_up();

  private:
    void make_client(std::size_t table, std::vector<SimEvent> events, Random& random);
    void make_garbage(std::size_t table, Random& random);
    void make_silent(std::size_t table, Random& random);
    void append_event(SimConnection& connection, const SimEvent& event, Random& random) const;
    void append_bad(SimConnection& connection, Random& random) const;
    void append(SimConnection& connection, SimItem item, const std::string& line) const;
    [[nodiscard]] std::string encode(const SimEvent& event) const;
    std::size_t finish(SimConnection connection, Random& random);

    SimTraffic traffic_;
    std::vector<SimConnection> connections_;
};

}  // namespace thalweg::test
