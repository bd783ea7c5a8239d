#include "tests/support/durable_results.h"

#include "engine/sink/file_outbox.h"
#include "engine/sink/part_outbox.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace thalweg::test {

namespace {

constexpr std::string_view kFileName = "results";

bool is_visible(std::string_view name) {
    return !name.starts_with('.');
}

bool begins_with(std::span<const std::byte> bytes, std::span<const std::byte> beginning) {
    return bytes.size() >= beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), bytes.begin());
}

class WatchedTarget final : public OutboxTarget {
  public:
    WatchedTarget(std::unique_ptr<OutboxTarget> target,
                  std::function<void(std::string_view position)> on_published)
        : target_(std::move(target)), on_published_(std::move(on_published)) {}

    [[nodiscard]] Result<void> recover(std::string_view position) override {
        return target_->recover(position);
    }

    [[nodiscard]] Result<void> start_fresh() override { return target_->start_fresh(); }

    [[nodiscard]] Result<void> take_over() override { return target_->take_over(); }

    [[nodiscard]] std::string position() const override { return target_->position(); }

    [[nodiscard]] Result<void> publish(std::uint64_t epoch,
                                       std::int64_t now_ns,
                                       const OutboxBytes& bytes) override {
        Result<void> published = target_->publish(epoch, now_ns, bytes);
        if (published) on_published_(target_->position());
        return published;
    }

    [[nodiscard]] Result<void> close() override { return target_->close(); }

  private:
    std::unique_ptr<OutboxTarget> target_;
    std::function<void(std::string_view position)> on_published_;
};

std::optional<Value> read_cell(std::string_view text, const Type& type) {
    if (text == "~") return Value{};
    if (type.kind == TypeKind::kBigint) {
        const auto number = parse_int64(text);
        return number ? std::optional(Value{*number}) : std::nullopt;
    }
    if (type.kind == TypeKind::kTimestamp) {
        const auto time_ns = parse_timestamp(text);
        return time_ns ? std::optional(Value{*time_ns}) : std::nullopt;
    }
    return Value{std::string(text)};
}

std::optional<Row> read_row(std::string_view line, const Schema& schema) {
    Row row;
    for (const Field& field : schema.fields) {
        if (row.size() + 1 == schema.size() && line.find(',') != std::string_view::npos)
            return std::nullopt;
        const std::string_view cell = line.substr(0, line.find(','));
        line.remove_prefix(std::min(line.size(), cell.size() + 1));
        const std::optional<Value> value = read_cell(cell, field.type);
        if (!value) return std::nullopt;
        row.push_back(*value);
    }
    return row;
}

}  // namespace

std::string ReaderView::look(const SimDisk& disk) {
    if (!problem_.empty()) return problem_;
    if (is_settling_) return look_settling(disk);
    const std::vector<std::string> names = disk.names();
    for (const auto& [name, bytes] : seen_) {
        if (!std::binary_search(names.begin(), names.end(), name))
            return name + " was visible and has gone";
    }
    for (const std::string& name : names) {
        if (!is_visible(name)) continue;
        Bytes bytes = disk.content(name);
        const auto [found, is_new] = seen_.try_emplace(name);
        const bool may_grow = is_new || name == kFileName;
        if (!begins_with(bytes, found->second) ||
            (!may_grow && bytes.size() != found->second.size()))
            return name + " was visible and has changed";
        found->second = std::move(bytes);
    }
    return {};
}

// What was durable stays, whatever is behind it; and once all is there again, it is as it was.
std::string ReaderView::look_settling(const SimDisk& disk) {
    bool has_all = true;
    const std::vector<std::string> names = disk.names();
    for (const auto& [name, bytes] : seen_) {
        const bool is_there = std::binary_search(names.begin(), names.end(), name);
        const Bytes found = disk.content(name);
        const auto durable = durable_.find(name);
        const std::size_t size = durable == durable_.end() ? 0 : durable->second;
        if (!begins_with(found, std::span(bytes).first(size)))
            return name + " was durable and has changed";
        has_all = has_all && is_there && begins_with(found, bytes);
    }
    is_settling_ = !has_all;
    return has_all ? look(disk) : std::string();
}

void ReaderView::note_durable(const SimDisk& disk, std::string_view position) {
    problem_ = look(disk);
    const std::string_view kind = position.substr(0, position.find(' '));
    const std::string_view rest = position.substr(kind.size() + 1);
    const std::int64_t number = *parse_int64(rest.substr(0, rest.find(' ')));
    if (kind == "file") {
        durable_[std::string(kFileName)] = static_cast<std::size_t>(number);
        return;
    }
    for (const std::string& name : disk.names()) {
        const auto part = parse_part_name(name);
        if (part && *part < static_cast<std::uint64_t>(number))
            durable_[name] = disk.content(name).size();
    }
}

std::unique_ptr<OutboxTarget> make_durable_target(
    const DurableTargetSettings& settings,
    Disk& disk,
    std::function<void(std::string_view position)> on_published) {
    std::unique_ptr<OutboxTarget> target;
    if (settings.has_parts) {
        target = std::make_unique<PartOutbox>(
            disk, RollingPolicy{settings.part_bytes, settings.part_interval_ns});
    } else {
        target = std::make_unique<FileOutbox>(disk, std::string(kFileName));
    }
    return std::make_unique<WatchedTarget>(std::move(target), std::move(on_published));
}

std::string read_results(const SimDisk& disk, const Schema& schema, std::vector<Row>& rows) {
    std::string text;
    for (const std::string& name : disk.names()) {
        if (!is_visible(name)) return name + " is left over at the end";
        for (const std::byte byte : disk.content(name))
            text += static_cast<char>(byte);
    }
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) return "half a line at the end: " + std::string(rest);
        std::optional<Row> row = read_row(rest.substr(0, end), schema);
        if (!row) return "a line that is none: " + std::string(rest.substr(0, end));
        rows.push_back(*std::move(row));
        rest.remove_prefix(end + 1);
    }
    return {};
}

}  // namespace thalweg::test
