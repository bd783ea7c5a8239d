#pragma once

#include "state/base/histogram.h"
#include "tools/load/generator_spec.h"
#include "tools/load/socket.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::load {

// How results look, and where in them the intended send time stands.
struct ResultLayout {
    WireFormat format = WireFormat::kJson;
    std::string time_field = "extra";  // JSON: the field's name.
    std::size_t time_column = 4;       // CSV: from 1. raw-struct: as if all columns were 8 bytes.
    std::size_t record_bytes = 32;     // raw-struct.
};

// The intended send time that a result carries back; nothing where it is not there.
[[nodiscard]] std::optional<std::int64_t> send_time_of(std::string_view result,
                                                       const ResultLayout& layout) noexcept;

// Reads results as they come and measures each from when its record was meant to be sent.
//
// Shape     Bytes are cut into records; what is left of one waits for the rest. A latency is the
//           instant at which the bytes were read minus the one the record carries.
// Threads   One at a time; received() any.
// Failure   A result without a send time counts in unreadable(); the end of the stream, or its
//           breaking, ends reading.
class ResultReader {
  public:
    ResultReader(Socket socket, ResultLayout layout);

    // Reads what has arrived. `now_unix_ns` gives the instant after the read. Whether there was
    // any.
    template <class Now>
    bool poll(const Now& now_unix_ns) {
        if (!fill()) return false;
        take_records(now_unix_ns());
        return true;
    }

    [[nodiscard]] bool is_ended() const noexcept { return is_ended_; }

    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }

    [[nodiscard]] std::uint64_t unreadable() const noexcept { return unreadable_; }

    [[nodiscard]] const Histogram& latency() const noexcept { return latency_; }

  private:
    [[nodiscard]] bool fill();
    void take_records(std::int64_t now_unix_ns);
    void take_record(std::string_view record, std::int64_t now_unix_ns);

    Socket socket_;
    ResultLayout layout_;
    std::vector<char> buffer_;
    std::size_t filled_ = 0;  // Bytes of buffer_.
    bool is_ended_ = false;
    std::uint64_t received_ = 0;
    std::uint64_t unreadable_ = 0;
    Histogram latency_;
};

}  // namespace thalweg::load
