#include "engine/run/idle.h"

#include "state/base/assertion.h"
#include "state/base/time.h"

#include <emmintrin.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace thalweg {
namespace {

// More descriptors than any runner has agents.
constexpr std::size_t kDescriptorsMax = 63;

std::int64_t longer_nap(std::int64_t nap_ns) {
    constexpr std::int64_t kSlowGrowth = 16;
    return nap_ns < kNanosPerMilli ? nap_ns * 2 : nap_ns + nap_ns / kSlowGrowth;
}

}  // namespace

WakeSignal::WakeSignal() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    ASSERT(event_ >= 0);
}

WakeSignal::~WakeSignal() {
    close(event_);
}

void WakeSignal::wake() noexcept {
    const std::uint64_t one = 1;
    const ssize_t written = write(event_, &one, sizeof one);
    // Fails only when the counter is full, and then the owner is being woken already.
    DEBUG_ASSERT(written == sizeof one || errno == EAGAIN);
}

bool WakeSignal::wait(std::int64_t limit_ns, std::span<const int> descriptors) noexcept {
    std::array<pollfd, kDescriptorsMax + 1> waits{};
    std::size_t count = 0;
    waits[count++] = {event_, POLLIN, 0};
    for (const int descriptor : descriptors)
        waits[count++] = {descriptor, POLLIN, 0};
    const timespec limit = {limit_ns / kNanosPerSecond, limit_ns % kNanosPerSecond};
    const int ready = ppoll(waits.data(), count, &limit, nullptr);
    cancel();
    if (ready <= 0) return false;
    if (waits[0].revents == 0) return true;
    std::uint64_t signals = 0;
    // Takes them all; none left is as good.
    const ssize_t taken = read(event_, &signals, sizeof signals);
    DEBUG_ASSERT(taken == sizeof signals || errno == EAGAIN);
    return false;
}

IdleStrategy::IdleStrategy(const IdleOptions& options,
                           WakeSignal& signal,
                           std::vector<int> descriptors)
    : options_(options),
      signal_(signal),
      descriptors_(std::move(descriptors)),
      nap_ns_(options.park_ns_min) {
    ASSERT(descriptors_.size() <= kDescriptorsMax);
    ASSERT(options.park_ns_min > 0);
    ASSERT(options.park_ns_min <= options.park_ns_max);
}

void IdleStrategy::rest(std::size_t work_done) noexcept {
    if (work_done != 0) {
        if (rounds_ > options_.spin_rounds + options_.yield_rounds) signal_.cancel();
        rounds_ = 0;
        nap_ns_ = options_.park_ns_min;
        woken_by_descriptor_ = false;
        return;
    }
    ++rounds_;
    if (rounds_ <= options_.spin_rounds) {
        _mm_pause();
    } else if (rounds_ <= options_.spin_rounds + options_.yield_rounds) {
        sched_yield();
    } else {
        park();
    }
}

// The announcement comes one round of work before the wait, so that whatever was pushed without a
// signal is found in between.
void IdleStrategy::park() noexcept {
    const std::uint32_t announced = options_.spin_rounds + options_.yield_rounds + 1;
    if (rounds_ == announced) {
        signal_.prepare();
        return;
    }
    const std::span<const int> watched =
        woken_by_descriptor_ ? std::span<const int>() : std::span<const int>(descriptors_);
    woken_by_descriptor_ = signal_.wait(nap_ns_, watched);
    nap_ns_ = std::min(longer_nap(nap_ns_), options_.park_ns_max);
    rounds_ = announced;  // The next empty round waits again, and again announced.
    signal_.prepare();
}

}  // namespace thalweg
