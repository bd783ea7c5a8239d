#pragma once

#include "bench/input.h"
#include "state/base/status.h"
#include "tools/load/load.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

namespace thalweg::bench {

// The processors that the two sides of a wire run on, each its own where the process may use two;
// otherwise nobody is bound.
struct WirePlaces {
    std::optional<unsigned> sender;
    std::optional<unsigned> receiver;

    [[nodiscard]] static WirePlaces find();
};

// What a sender did, and the processor time of its thread.
struct Sent {
    load::LoadSummary summary;
    double cpu_ns = 0;
};

// `thalweg load` in a thread of its own, from the moment that it is made.
class Sender {
  public:
    explicit Sender(load::LoadOptions options);
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    ~Sender();

    // Whether all was sent, and read by the peer.
    [[nodiscard]] bool is_done() const noexcept {
        return is_done_.load(std::memory_order_acquire);  // Acquire: edge from the thread's end.
    }

    // Waits. Fails where something could not be sent.
    [[nodiscard]] Result<Sent> finish();

  private:
    void run();

    load::LoadOptions options_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> is_done_{false};
    std::optional<Result<load::LoadSummary>> summary_;  // The thread's until it is joined.
    double cpu_ns_ = 0;
    std::thread thread_;
};

[[nodiscard]] load::Address loopback(load::Address::Kind kind, std::uint16_t port);

// All of the input as a file in memory, which a load can send again and again.
[[nodiscard]] Result<std::shared_ptr<const load::LoadedFile>> file_of(Input& input);

}  // namespace thalweg::bench
