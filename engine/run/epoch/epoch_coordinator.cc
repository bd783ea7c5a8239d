#include "engine/run/epoch/epoch_coordinator.h"

#include "engine/run/epoch/byte_sink.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

constexpr std::int64_t kRetryNs = kNanosPerSecond;  // After a full disk.

}  // namespace

void EpochCoordinator::add_outbox(std::string name,
                                  std::unique_ptr<OutboxTarget> target,
                                  std::deque<OutboxEpoch> unpublished) {
    for (const OutboxEpoch& epoch : unpublished)
        settings_.desk->add_outbox(epoch.bytes);
    outboxes_.push_back({std::move(name), std::move(target), std::move(unpublished), 0});
}

std::size_t EpochCoordinator::do_work(std::size_t) {
    if (is_finished_ || settings_.control->finished()) return 0;
    std::size_t work = settings_.desk->drain([this](EpochPartPtr&& part) { take(*part); });
    if (is_collecting_) {
        if (last_parts_ < settings_.agents) return work;
        complete();
        return work + 1;
    }
    if (!is_due()) return work;
    begin();
    return work + 1;
}

bool EpochCoordinator::is_due() {
    const std::int64_t now_ns = settings_.clock->steady_now_ns();
    if (now_ns >= next_due_ns_) return true;
    if (is_waiting_for_room_) return false;
    return settings_.desk->outbox_bytes() >= EpochDesk::kOutboxBytesMax / 2 ||
           settings_.desk->has_ended() || settings_.desk->resting() != resting_ ||
           settings_.control->stop_requested();
}

// What waits already is written before anybody is asked for more: while there is no room for it no
// barrier is sent, so that it grows no further.
void EpochCoordinator::begin() {
    next_due_ns_ = saturating_add(settings_.clock->steady_now_ns(), settings_.interval_ns);
    is_end_ = settings_.desk->has_ended();
    resting_ = settings_.desk->resting();
    writer_ = nullptr;
    status_ = {};
    if (Result<SnapshotWriter*> writer = settings_.store->begin()) {
        writer_ = *writer;
        status_ = write_waiting();
    } else {
        status_ = tl::make_unexpected(std::move(writer).error());
    }
    if (!status_) {
        give_up(status_.error());
        return;
    }
    is_collecting_ = true;
    last_parts_ = 0;
    are_all_at_rest_ = true;
    segment_before_ = settings_.journals->number_max();
    ++epoch_;
    if (settings_.mover != nullptr)
        settings_.mover->before_epoch(epoch_, settings_.clock->steady_now_ns());
    settings_.desk->request(epoch_);
}

void EpochCoordinator::take(EpochPart& part) {
    if (part.label.kind == kOutboxKind) {
        take_outbox(part);
        return;
    }
    ASSERT(is_collecting_);
    ASSERT(part.epoch == epoch_);
    if (!part.is_last) {
        take_section(part);
        return;
    }
    ++last_parts_;
    are_all_at_rest_ = are_all_at_rest_ && part.is_at_rest;
}

// Those of the epoch being collected, and those of the next one already.
void EpochCoordinator::take_outbox(EpochPart& part) {
    const auto outbox = std::find_if(outboxes_.begin(), outboxes_.end(), [&](const Outbox& each) {
        return each.name == part.label.owner;
    });
    ASSERT(outbox != outboxes_.end());
    std::deque<OutboxEpoch>& epochs = outbox->epochs;
    if (epochs.empty() || epochs.back().desk_epoch != part.epoch) {
        ASSERT(epochs.empty() || epochs.back().desk_epoch < part.epoch);
        epochs.emplace_back().desk_epoch = part.epoch;
    }
    epochs.back().bytes += part.bytes.size();
    epochs.back().pieces.push_back(std::move(part.bytes));
}

void EpochCoordinator::take_section(const EpochPart& part) {
    if (!status_) return;
    status_ = write_section(part.label, part.bytes);
    if (!status_ && status_.error().code != Code::kFull) note(status_);
}

Result<void> EpochCoordinator::write_section(const SectionLabel& label,
                                             std::span<const std::byte> bytes) {
    TRY_VOID(writer_->begin_section(label));
    if (!bytes.empty()) TRY_VOID(writer_->append(bytes));
    return writer_->end_section();
}

void EpochCoordinator::complete() {
    is_collecting_ = false;
    number_outboxes();
    if (status_) status_ = write_sealed();
    if (status_) status_ = write_manifest();
    if (status_) {
        writer_ = nullptr;  // Whatever comes of it: what cannot be committed is abandoned there.
        if (Result<Generation> committed = settings_.store->commit(); !committed)
            status_ = tl::make_unexpected(std::move(committed).error());
    }
    if (!status_) {
        give_up(status_.error());
        return;
    }
    after_commit();
}

// Results of earlier epochs, and where the first of all goes.
Result<void> EpochCoordinator::write_waiting() {
    for (Outbox& outbox : outboxes_) {
        TRY_VOID(outbox.target->take_over());
        const std::string start = outbox.target->position();
        TRY_VOID(write_section({std::string(kOutboxStartKind), outbox.name, 1, 0, true},
                               std::as_bytes(std::span(start))));
        outbox.sections = 0;
        for (const OutboxEpoch& epoch : outbox.epochs) {
            if (epoch.desk_epoch > epoch_) break;  // Of the one that begins now.
            TRY_VOID(write_outbox_epoch(outbox, epoch));
        }
    }
    return {};
}

// Whatever becomes of the epoch on the disk, its results keep its number and its time: they are
// published as they were, however often that is tried.
void EpochCoordinator::number_outboxes() {
    for (Outbox& outbox : outboxes_) {
        auto sealed =
            std::find_if(outbox.epochs.begin(), outbox.epochs.end(), [this](const auto& epoch) {
                return epoch.desk_epoch >= epoch_;
            });
        if (sealed == outbox.epochs.end() || sealed->desk_epoch != epoch_) {
            sealed = outbox.epochs.insert(sealed, OutboxEpoch{});
            sealed->desk_epoch = epoch_;
        }
        sealed->epoch = settings_.store->pending();
        sealed->sealed_ns = settings_.clock->wall_now_ns();
    }
}

Result<void> EpochCoordinator::write_sealed() {
    for (Outbox& outbox : outboxes_) {
        for (const OutboxEpoch& epoch : outbox.epochs) {
            if (epoch.desk_epoch == epoch_) TRY_VOID(write_outbox_epoch(outbox, epoch));
        }
    }
    return {};
}

Result<void> EpochCoordinator::write_outbox_epoch(Outbox& outbox, const OutboxEpoch& epoch) {
    static const std::vector<std::vector<std::byte>> kNothing(1);
    for (const std::vector<std::byte>& piece : epoch.pieces.empty() ? kNothing : epoch.pieces) {
        std::vector<std::byte> bytes;
        ByteSink sink(bytes);
        StateWriter writer(sink);
        writer.u64(epoch.epoch);
        writer.i64(epoch.sealed_ns);
        writer.raw(piece);
        TRY_VOID(writer.finish());
        TRY_VOID(write_section({std::string(kOutboxKind), outbox.name, 1, outbox.sections++, true},
                               bytes));
    }
    return {};
}

Result<void> EpochCoordinator::write_manifest() {
    settings_.manifest.written_ns = settings_.clock->wall_now_ns();
    settings_.manifest.has_ended =
        is_end_ && !settings_.control->stop_requested() && (are_results_out_ || outboxes_.empty());
    std::vector<std::byte> bytes;
    ByteSink sink(bytes);
    StateWriter writer(sink);
    thalweg::write_manifest(writer, settings_.manifest);
    TRY_VOID(writer.finish());
    return write_section({std::string(kManifestKind), "", 1, 0, true}, bytes);
}

// The order matters: what is told and published is durable, what is deleted is of no use to anybody
// who was told (I1, I2, I6).
void EpochCoordinator::after_commit() {
    ++committed_;
    if (std::exchange(is_degraded_, false)) settings_.say("there is room again: epochs go on");
    is_waiting_for_room_ = false;
    settings_.desk->announce_durable(epoch_);
    publish();
    if (settings_.control->failed()) return;
    note(settings_.store->retire());
    note(settings_.journals->remove_through(segment_before_durable_));
    segment_before_durable_ = segment_before_;
    // What a full destination has not taken is in the snapshot, for the next life.
    const bool is_stopped = settings_.control->stop_requested() && (are_all_at_rest_ || is_end_);
    const bool are_all_published =
        std::all_of(outboxes_.begin(), outboxes_.end(), [this](const Outbox& outbox) {
            return outbox.epochs.empty() || outbox.epochs.front().desk_epoch > epoch_;
        });
    const bool rests = resting_ > 0 && are_all_at_rest_ && are_all_published;
    if (is_stopped || rests || settings_.manifest.has_ended) {
        is_finished_ = true;
        settings_.desk->finish();
        return;
    }
    if (is_end_ && are_all_published) close_outboxes();
}

// Only an epoch after this one may say that the query has ended: who starts from one that says so
// publishes nothing.
void EpochCoordinator::close_outboxes() {
    for (const Outbox& outbox : outboxes_)
        note(outbox.target->close());
    are_results_out_ = true;
}

void EpochCoordinator::publish() {
    for (Outbox& outbox : outboxes_) {
        while (!outbox.epochs.empty() && outbox.epochs.front().desk_epoch <= epoch_) {
            OutboxEpoch& epoch = outbox.epochs.front();
            const OutboxBytes bytes = [&epoch](const auto& visit) -> Result<void> {
                for (const std::vector<std::byte>& piece : epoch.pieces)
                    TRY_VOID(visit(piece));
                return {};
            };
            const Result<void> published =
                outbox.target->publish(epoch.epoch, epoch.sealed_ns, bytes);
            if (!published && published.error().code == Code::kFull) {
                settings_.say("results wait: " + published.error().message);
                wait_for_room();
                break;
            }
            if (!published) {
                settings_.control->fail(published.error().message);
                return;
            }
            settings_.desk->release_outbox(epoch.bytes);
            outbox.epochs.pop_front();
        }
    }
}

void EpochCoordinator::give_up(const Error& error) {
    if (error.code != Code::kFull) {
        settings_.control->fail(error.message);
        return;
    }
    if (writer_ != nullptr) settings_.store->abandon();
    if (!std::exchange(is_degraded_, true))
        settings_.say("no epoch can become durable: " + error.message);
    wait_for_room();
}

void EpochCoordinator::wait_for_room() {
    is_waiting_for_room_ = true;
    next_due_ns_ = saturating_add(settings_.clock->steady_now_ns(), kRetryNs);
}

void EpochCoordinator::note(Result<void> result) {
    if (!result) settings_.control->fail(std::move(result).error().message);
}

}  // namespace thalweg
