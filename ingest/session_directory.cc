#include "ingest/session_directory.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <string>

namespace thalweg {

SessionDirectory::SessionDirectory(std::size_t instance_count, const Identity& identity)
    : identity_(identity),
      instances_(instance_count),
      has_fenced_(std::make_unique<std::atomic<bool>[]>(instance_count)) {
    ASSERT(instance_count > 0);
}

void SessionDirectory::set_limit(std::size_t sessions_max) {
    const std::lock_guard lock(mutex_);
    sessions_max_ = sessions_max;
}

void SessionDirectory::set_expiry(std::int64_t expire_after_ns) {
    const std::lock_guard lock(mutex_);
    expire_after_ns_ = expire_after_ns;
}

std::size_t SessionDirectory::pass_time(std::int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    const std::int64_t passed_ns = now_ns - std::exchange(now_ns_, now_ns);
    elapsed_ns_ += std::clamp<std::int64_t>(passed_ns, 0, kTimeStepNs);
    if (expire_after_ns_ == 0) return 0;
    std::size_t expired = 0;
    for (Instance& instance : instances_)
        expired += expire(instance);
    return expired;
}

// Those at the front have been silent for longest. What must stay is as good as used.
std::size_t SessionDirectory::expire(Instance& instance) {
    std::size_t expired = 0;
    for (std::size_t i = 0; i < kVisitedAtOnce && !instance.sessions.empty(); ++i) {
        Session& session = instance.sessions.front();
        if (elapsed_ns_ - session.used_ns < expire_after_ns_) break;
        if (!may_expire(session)) {
            touch(session, session.owner);
            continue;
        }
        if (session.is_absent)
            absent_.fetch_sub(1, std::memory_order_relaxed);  // Relaxed: see absent().
        sessions_.erase(session.id);
        instance.sessions.pop_front();
        ++expired;
    }
    return expired;
}

bool SessionDirectory::may_expire(const Session& session) const {
    const bool is_untold = session.is_recovered && !has_committed_;
    return !is_untold && !session.live && !session.claimant && session.accepted == session.durable;
}

// It is in use now, and of `owner` from here on.
void SessionDirectory::touch(Session& session, std::size_t owner) {
    Sessions& to = instances_[owner].sessions;
    to.splice(to.end(), instances_[session.owner].sessions, sessions_.at(session.id));
    session.owner = owner;
    session.used_ns = elapsed_ns_;
}

Result<void> SessionDirectory::restore(std::span<const SourcePosition> positions) {
    const std::lock_guard lock(mutex_);
    if (is_restored_) return {};
    is_restored_ = true;
    for (const SourcePosition& position : positions) {
        const std::optional<SessionId> id = SessionId::from_hex(position.id);
        if (!id) {
            return fail(Code::kCorrupt,
                        "a position names the session '" + position.id +
                            "', which is not 32 hexadecimal digits");
        }
        const std::size_t owner = SessionId::Hash{}(*id) % instances_.size();
        const auto [found, is_new] = sessions_.try_emplace(*id);
        if (is_new) {
            Sessions& sessions = instances_[owner].sessions;
            found->second = sessions.insert(sessions.end(),
                                            Session{.id = *id,
                                                    .owner = owner,
                                                    .serial = ++last_serial_,
                                                    .is_recovered = true,
                                                    .is_absent = true});
        }
        Session& session = *found->second;
        if (std::pair(position.epoch, position.position) < std::pair(session.epoch, session.sealed))
            continue;
        session.epoch = position.epoch;
        session.accepted = session.sealed = session.durable = position.position;
    }
    absent_.store(sessions_.size(), std::memory_order_relaxed);  // Relaxed: see absent().
    return {};
}

SessionDirectory::Claim SessionDirectory::claim(Holder holder,
                                                const SessionId& id,
                                                std::uint64_t epoch,
                                                std::uint64_t last_acked) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        if (last_acked > 0) return {.verdict = Verdict::kUnknown};
        if (sessions_.size() >= sessions_max_) return {.verdict = Verdict::kFull};
        Sessions& sessions = instances_[holder.instance].sessions;
        const auto added = sessions.insert(sessions.end(),
                                           Session{.id = id,
                                                   .epoch = epoch,
                                                   .owner = holder.instance,
                                                   .serial = ++last_serial_,
                                                   .used_ns = elapsed_ns_,
                                                   .live = holder});
        sessions_.emplace(id, added);
        return {.verdict = Verdict::kGranted, .session = &*added};
    }
    Session& session = *found->second;
    if (epoch < session.epoch) return {.verdict = Verdict::kFenced};
    if (last_acked > session.durable) {
        return {.verdict = Verdict::kDataLoss, .durable = session.durable};
    }
    session.epoch = epoch;
    session.claimant = holder;
    if (session.live) {
        const Holder old = *session.live;
        instances_[old.instance].fenced.push_back(old.connection);
        // Relaxed: a hint; the list itself is read under the lock.
        has_fenced_[old.instance].store(true, std::memory_order_relaxed);
    }
    return try_grant(holder, session);
}

SessionDirectory::Claim SessionDirectory::claim_again(Holder holder, const SessionId& id) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    // Ended by the connection before: whoever claims it now has not heard of its own end.
    if (found == sessions_.end()) return {.verdict = Verdict::kUnknown};
    if (found->second->claimant != holder) return {.verdict = Verdict::kFenced};
    return try_grant(holder, *found->second);
}

SessionDirectory::Claim SessionDirectory::try_grant(Holder holder, Session& session) {
    const Instance& to = instances_[holder.instance];
    const Instance& from = instances_[session.owner];
    const bool is_untold = session.is_recovered && !has_committed_;
    if (is_untold || session.live || from.open_epoch != to.open_epoch)
        return {.verdict = Verdict::kWaiting};
    touch(session, holder.instance);
    session.live = holder;
    session.claimant.reset();
    if (std::exchange(session.is_absent, false))
        absent_.fetch_sub(1, std::memory_order_relaxed);  // Relaxed: see absent().
    return {Verdict::kGranted, &session, session.accepted, session.durable};
}

void SessionDirectory::withdraw(Holder holder, const SessionId& id) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found != sessions_.end() && found->second->claimant == holder) {
        found->second->claimant.reset();
    }
}

void SessionDirectory::release(Holder holder, Progress progress) {
    const std::lock_guard lock(mutex_);
    Session& session = *progress.session;
    ASSERT(session.live == holder);
    ASSERT(progress.accepted >= session.accepted);
    session.accepted = progress.accepted;
    session.live.reset();
    touch(session, session.owner);
}

bool SessionDirectory::end(Holder holder, Progress progress, std::uint64_t last_seq) {
    const std::lock_guard lock(mutex_);
    Session& session = *progress.session;
    ASSERT(session.live == holder);
    if (progress.accepted != last_seq || session.durable != last_seq) return false;
    const auto found = sessions_.find(session.id);
    ASSERT(found != sessions_.end());
    const Sessions::iterator at = found->second;
    sessions_.erase(found);
    instances_[holder.instance].sessions.erase(at);
    return true;
}

std::vector<std::uint64_t> SessionDirectory::fenced(std::size_t instance) {
    // Relaxed: a hint; the list itself is read under the lock.
    if (!has_fenced_[instance].load(std::memory_order_relaxed)) return {};
    const std::lock_guard lock(mutex_);
    has_fenced_[instance].store(false, std::memory_order_relaxed);  // Relaxed: as above.
    return std::exchange(instances_[instance].fenced, {});
}

void SessionDirectory::seal(std::size_t instance,
                            std::uint64_t epoch,
                            std::span<const Progress> live,
                            std::vector<SourcePosition>& positions) {
    const std::lock_guard lock(mutex_);
    for (const Progress& progress : live)
        progress.session->accepted = progress.accepted;
    Instance& own = instances_[instance];
    own.open_epoch = epoch + 1;
    first_epoch_ = std::min(first_epoch_, epoch);
    positions.reserve(positions.size() + own.sessions.size());
    for (Session& session : own.sessions) {
        positions.push_back({session.id.to_hex(), session.epoch, session.accepted});
        if (session.accepted == session.sealed) continue;
        ASSERT(session.accepted > session.sealed);
        session.sealed = session.accepted;
        sealed_.push_back({epoch, session.id, session.serial, session.accepted});
    }
    bound_sealed();
}

// Epochs that are abandoned, one after another, must not fill the memory: the oldest entries go,
// and their sessions are noted again by the next seal.
void SessionDirectory::bound_sealed() {
    while (sealed_.size() > kSealedPerSession * sessions_.size() + kSealedMin) {
        const auto found = sessions_.find(sealed_.front().id);
        if (found != sessions_.end() && found->second->serial == sealed_.front().serial)
            found->second->sealed = found->second->durable;
        sealed_.pop_front();
    }
}

void SessionDirectory::commit(std::uint64_t epoch) {
    const std::lock_guard lock(mutex_);
    if (epoch <= committed_) return;
    committed_ = epoch;
    has_committed_ = epoch >= first_epoch_;
    // Instances seal at their own pace: what is of later epochs may lie between.
    std::erase_if(sealed_, [&](const Sealed& sealed) {
        if (sealed.epoch > epoch) return false;
        const auto found = sessions_.find(sealed.id);
        if (found != sessions_.end() && found->second->serial == sealed.serial) {
            Session& session = *found->second;
            session.durable = std::max(session.durable, sealed.accepted);
        }
        return true;
    });
}

void SessionDirectory::read_durable(std::span<Progress> live) const {
    const std::lock_guard lock(mutex_);
    for (Progress& progress : live)
        progress.durable = progress.session->durable;
}

std::size_t SessionDirectory::size() const {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
}

}  // namespace thalweg
