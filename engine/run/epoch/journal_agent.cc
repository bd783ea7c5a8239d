#include "engine/run/epoch/journal_agent.h"

namespace thalweg {

namespace {

constexpr std::int64_t kRetryNs = 100 * kNanosPerMilli;  // After a full disk.

}  // namespace

std::size_t JournalAgent::do_work(std::size_t) {
    if (settings_.control->finished()) return 0;
    if (is_degraded_ && settings_.clock->steady_now_ns() < try_again_ns_) return 0;
    std::size_t work = 0;
    bool is_full = false;
    for (const std::shared_ptr<Journal>& journal : journals_) {
        const Result<bool> written = journal->write();
        if (written) {
            work += static_cast<std::size_t>(*written);
            continue;
        }
        if (written.error().code != Code::kFull) {
            settings_.control->fail(written.error().message);
            return 0;
        }
        is_full = true;
        try_again_ns_ = saturating_add(settings_.clock->steady_now_ns(), kRetryNs);
        if (!std::exchange(is_degraded_, true))
            settings_.say("nothing more is read: " + written.error().message);
    }
    if (is_degraded_ && !is_full) {
        is_degraded_ = false;
        settings_.say("there is room again: the journal goes on");
    }
    return work;
}

}  // namespace thalweg
