#include "bench/network/sender.h"

#include "bench/stopwatch.h"
#include "engine/run/cpu.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace thalweg::bench {

WirePlaces WirePlaces::find() {
    const std::vector<unsigned> cpus = allowed_cpus();
    if (cpus.size() < 2) return {};
    return {cpus[0], cpus[1]};
}

Sender::Sender(load::LoadOptions options)
    : options_(std::move(options)), thread_([this] { run(); }) {}

Sender::~Sender() {
    stop_.store(true, std::memory_order_relaxed);  // Relaxed: a request, it carries no data.
    if (thread_.joinable()) thread_.join();
}

void Sender::run() {
    // One that cannot be bound floats, which costs nothing but steadiness.
    if (const auto cpu = WirePlaces::find().sender) static_cast<void>(pin_thread(*cpu));
    const double start_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    summary_ = load::run_load(options_, stop_, {});
    cpu_ns_ = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
    is_done_.store(true, std::memory_order_release);  // Release: edge to is_done().
}

Result<Sent> Sender::finish() {
    thread_.join();
    TRY(load::LoadSummary summary, std::move(*summary_));
    if (!summary.problems.empty()) return fail(Code::kIo, "load: " + summary.problems.front());
    return Sent{std::move(summary), cpu_ns_};
}

load::Address loopback(load::Address::Kind kind, std::uint16_t port) {
    const std::string text = "127.0.0.1:" + std::to_string(port);
    return {kind, "127.0.0.1", std::to_string(port), text};
}

Result<std::shared_ptr<const load::LoadedFile>> file_of(Input& input) {
    const int file = ::memfd_create("records", MFD_CLOEXEC);
    if (file < 0) return fail(Code::kIo, "cannot make a file in memory");
    std::uint64_t position = 0;
    while (position < input.bytes()) {
        const std::string_view piece = input.piece(position);
        const ssize_t written = ::write(file, piece.data(), piece.size());
        if (written <= 0) break;
        position += static_cast<std::uint64_t>(written);
    }
    auto loaded = load::LoadedFile::open("/proc/self/fd/" + std::to_string(file));
    ::close(file);
    if (position != input.bytes()) return fail(Code::kIo, "cannot fill a file in memory");
    return loaded;
}

}  // namespace thalweg::bench
