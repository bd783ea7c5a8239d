#include "engine/run/runner.h"

#include "engine/run/cpu.h"
#include "state/base/assertion.h"

#include <cstdlib>
#include <exception>
#include <utility>

namespace thalweg {
namespace {

std::vector<int> descriptors_of(const std::vector<Agent*>& agents) {
    std::vector<int> descriptors;
    for (const Agent* agent : agents)
        if (const int descriptor = agent->wake_descriptor(); descriptor >= 0)
            descriptors.push_back(descriptor);
    return descriptors;
}

[[noreturn]] void die(Log& log, const std::string& runner, std::string_view reason) noexcept {
    log.error("runner.failed", {{"runner", runner}, {"reason", reason}});
    std::abort();
}

}  // namespace

Runner::Runner(RunnerOptions options, std::vector<Agent*> agents, Log& log)
    : options_(std::move(options)),
      agents_(std::move(agents)),
      log_(log),
      idle_(options_.idle, signal_, descriptors_of(agents_)) {
    ASSERT(!agents_.empty());
    ASSERT(options_.budget > 0);
}

Runner::~Runner() {
    stop();
    join();
}

void Runner::start() {
    ASSERT(!thread_.joinable());
    // Relaxed: the thread is not there yet, and its creation is an edge.
    stopping_.store(false, std::memory_order_relaxed);
    running_.store(true, std::memory_order_relaxed);
    thread_ = std::thread([this] { run(); });
}

void Runner::stop() noexcept {
    stopping_.store(true, std::memory_order_relaxed);  // Relaxed: a request, it carries no data.
    signal_.signal();
}

void Runner::join() {
    if (thread_.joinable()) thread_.join();
}

std::size_t Runner::round() {
    std::size_t work_done = 0;
    for (Agent* agent : agents_)
        work_done += agent->do_work(options_.budget);
    return work_done;
}

void Runner::run() noexcept {
    name_thread(options_.name);
    if (options_.cpu.has_value()) {
        if (const Result<void> pinned = pin_thread(*options_.cpu); !pinned)
            log_.warn("runner.unpinned",
                      {{"runner", options_.name}, {"reason", pinned.error().message}});
    }
    try {
        // Relaxed: see stop().
        while (!stopping_.load(std::memory_order_relaxed))
            idle_.rest(round());
    } catch (const std::exception& error) {
        die(log_, options_.name, error.what());
    } catch (...) {
        die(log_, options_.name, "an exception that is no std::exception");
    }
    running_.store(false, std::memory_order_release);  // Release: edge to is_running().
}

}  // namespace thalweg
