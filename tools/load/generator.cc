#include "tools/load/generator.h"

#include "state/base/time.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

namespace thalweg::load {

namespace {

constexpr std::size_t kFieldBytes = 8;
constexpr std::size_t kTimeAt = 0;
constexpr std::size_t kKeyAt = 8;
constexpr std::size_t kValueAt = 16;
constexpr std::size_t kExtraAt = 24;
constexpr std::size_t kFieldsBytes = 32;
constexpr std::size_t kGroupRecords = 1024;
constexpr std::int64_t kManyTimes = std::numeric_limits<std::int64_t>::min();
constexpr std::size_t kNumberBytes = 20;
// Names, quotes and four values of a record in text form; without the payload.
constexpr std::size_t kTextBytesMax = 160;

static_assert(std::endian::native == std::endian::little, "raw-struct is little-endian");

void store(char* at, std::int64_t value) noexcept {
    std::memcpy(at, &value, kFieldBytes);
}

char* write(char* at, std::string_view text) noexcept {
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
}

char* write(char* at, std::int64_t value) noexcept {
    return std::to_chars(at, at + kNumberBytes, value).ptr;
}

// Enough records that keys come in their proportions, few enough to stay in cache where they can.
std::size_t block_records_for(const GeneratorSpec& spec, std::uint64_t max) {
    constexpr std::uint64_t kMin = std::uint64_t{1} << 14U;
    return std::min(std::max(kMin, std::bit_ceil(2 * spec.keys)), std::max(max, kGroupRecords));
}

}  // namespace

Generator::Generator(const GeneratorSpec& spec, const GeneratorPlace& place)
    : spec_(spec),
      place_(place),
      random_(spec.seed * 0x9e3779b97f4a7c15ULL + place.schedule.first),
      block_records_(block_records_for(spec, place.block_records_max)) {
    if (spec.zipf_exponent > 0) zipf_.emplace(spec.keys, spec.zipf_exponent);
    step_ns_ = spec.step_ns > 0 ? static_cast<double>(spec.step_ns) : place.schedule.period_ns;
    start_at(0);
    for (std::uint64_t i = 0; i < spec.payload_bytes; ++i)
        payload_ += static_cast<char>('a' + random_.below(26));
    draw_block();
    if (spec.format == WireFormat::kRawStruct) render_block();
}

void Generator::start_at(std::int64_t unix_ns) noexcept {
    start_unix_ns_ = unix_ns;
    event_start_ns_ = spec_.event_start_ms >= 0 ? spec_.event_start_ms * kNanosPerMilli : unix_ns;
}

void Generator::draw_block() {
    draws_.resize(block_records_);
    const bool lies_back = spec_.disorder_ns > 0 || spec_.late_fraction > 0;
    if (lies_back) back_ms_.resize(block_records_);
    const auto spread =
        static_cast<std::uint64_t>(spec_.value_max) - static_cast<std::uint64_t>(spec_.value_min);
    for (std::size_t i = 0; i < block_records_; ++i) {
        const std::uint64_t key = zipf_ ? (*zipf_)(random_) : random_.below(spec_.keys);
        const std::uint64_t above = spread == kUnlimited ? random_() : random_.below(spread + 1);
        draws_[i].key = static_cast<std::int64_t>(key);
        draws_[i].value =
            static_cast<std::int64_t>(static_cast<std::uint64_t>(spec_.value_min) + above);
        if (!lies_back) continue;
        double back_ns = random_.unit() * static_cast<double>(spec_.disorder_ns);
        if (random_.unit() < spec_.late_fraction) back_ns += static_cast<double>(spec_.late_by_ns);
        back_ms_[i] = static_cast<std::int32_t>(back_ns / kNanosPerMilli);
    }
}

void Generator::render_block() {
    record_bytes_ = kFieldsBytes + payload_.size();
    block_.resize(block_records_ * record_bytes_);
    group_ms_.assign(block_records_ / kGroupRecords, kManyTimes);
    for (std::size_t i = 0; i < block_records_; ++i) {
        char* const record = block_.data() + i * record_bytes_;
        store(record + kKeyAt, draws_[i].key);
        store(record + kValueAt, draws_[i].value);
        std::copy(payload_.begin(), payload_.end(), record + kFieldsBytes);
    }
    draws_ = {};
}

std::int64_t Generator::event_ms(std::uint64_t index, std::int64_t now_ns) const noexcept {
    if (step_ns_ == 0) return (event_start_ns_ + now_ns) / kNanosPerMilli;
    const std::uint64_t shared = place_.schedule.first + index * place_.schedule.stride;
    const auto since_ns = static_cast<std::int64_t>(static_cast<double>(shared) * step_ns_);
    return (event_start_ns_ + since_ns) / kNanosPerMilli;
}

std::uint64_t Generator::millisecond_end(std::uint64_t index, std::int64_t millis) const noexcept {
    if (step_ns_ == 0) return kUnlimited;
    const auto left_ns =
        static_cast<double>((millis + 1) * kNanosPerMilli - event_start_ns_) / step_ns_;
    const double end = (left_ns - static_cast<double>(place_.schedule.first)) /
                       static_cast<double>(place_.schedule.stride);
    std::uint64_t result = std::max(index + 1, static_cast<std::uint64_t>(std::max(end, 0.0)));
    while (result > index + 1 && event_ms(result - 1, 0) > millis)
        --result;
    while (event_ms(result, 0) <= millis)
        ++result;
    return result;
}

std::int64_t Generator::extra_of(std::uint64_t index, std::int64_t now_ns) const noexcept {
    if (spec_.extra == ExtraField::kZero) return 0;
    if (spec_.extra == ExtraField::kIndex) return static_cast<std::int64_t>(index);
    const Schedule& schedule = place_.schedule;
    return start_unix_ns_ + (schedule.is_paced() ? schedule.intended_ns(index) : now_ns);
}

Chunk Generator::take(TakeLimit limit, std::int64_t now_ns) {
    return record_bytes_ > 0 ? take_raw(limit, now_ns) : take_text(limit, now_ns);
}

Chunk Generator::take_raw(TakeLimit limit, std::int64_t now_ns) {
    const std::uint64_t fit = std::max<std::uint64_t>(1, limit.bytes / record_bytes_);
    const std::uint64_t left = block_records_ - position();
    const std::uint64_t count = std::min({limit.records, fit, left});
    const char* const data = block_.data() + position() * record_bytes_;
    stamp_block(count, now_ns);
    index_ += count;
    return {data, count * record_bytes_, count};
}

// Runs of records with the same millisecond, group by group.
void Generator::stamp_block(std::size_t count, std::int64_t now_ns) {
    const std::size_t begin = position();
    for (std::size_t done = 0; done < count;) {
        const std::uint64_t index = index_ + done;
        const std::int64_t millis = event_ms(index, now_ns);
        const std::uint64_t run = millisecond_end(index, millis) - index;
        const std::size_t end = begin + done + std::min<std::size_t>(run, count - done);
        for (std::size_t from = begin + done; from < end;) {
            const std::size_t to = std::min(end, (from / kGroupRecords + 1) * kGroupRecords);
            stamp_event_time(from, to, millis);
            from = to;
        }
        done = end - begin;
    }
    if (spec_.extra == ExtraField::kZero) return;
    for (std::size_t i = 0; i < count; ++i) {
        store(block_.data() + (begin + i) * record_bytes_ + kExtraAt, extra_of(index_ + i, now_ns));
    }
}

// Records [from, to) of one group. Where the whole group carries this time already, which at full
// speed is most of the time, there is nothing to do.
void Generator::stamp_event_time(std::size_t from, std::size_t to, std::int64_t millis) {
    std::int64_t& group = group_ms_[from / kGroupRecords];
    if (group == millis) return;
    group = to - from == kGroupRecords ? millis : kManyTimes;
    char* record = block_.data() + from * record_bytes_ + kTimeAt;
    for (std::size_t i = from; i < to; ++i, record += record_bytes_)
        store(record, back_ms_.empty() ? millis : millis - back_ms_[i]);
}

Chunk Generator::take_text(TakeLimit limit, std::int64_t now_ns) {
    const std::size_t bytes_max = kTextBytesMax + payload_.size();
    if (text_.size() < limit.bytes + bytes_max) text_.resize(limit.bytes + bytes_max);
    char* at = text_.data();
    char* const end = at + limit.bytes;
    std::uint64_t count = 0;
    while (count < limit.records) {
        char* const next =
            spec_.format == WireFormat::kJson ? write_json(at, now_ns) : write_csv(at, now_ns);
        if (next > end && count > 0) break;
        at = next;
        ++count;
        ++index_;
        if (at >= end) break;
    }
    return {text_.data(), static_cast<std::size_t>(at - text_.data()), count};
}

char* Generator::write_json(char* at, std::int64_t now_ns) {
    const Draw& draw = draws_[position()];
    at = write(at, R"({"ts":")");
    at = write_event_time(at, now_ns);
    at = write(at, R"(","key":)");
    at = write(at, draw.key);
    at = write(at, R"(,"value":)");
    at = write(at, draw.value);
    at = write(at, R"(,"extra":)");
    at = write(at, extra_of(index_, now_ns));
    if (!payload_.empty()) {
        at = write(at, R"(,"payload":")");
        at = write(at, payload_);
        *at++ = '"';
    }
    return write(at, "}\n");
}

char* Generator::write_csv(char* at, std::int64_t now_ns) {
    const Draw& draw = draws_[position()];
    at = write_event_time(at, now_ns);
    for (const std::int64_t value : {draw.key, draw.value, extra_of(index_, now_ns)}) {
        *at++ = ',';
        at = write(at, value);
    }
    if (!payload_.empty()) {
        *at++ = ',';
        at = write(at, payload_);
    }
    *at++ = '\n';
    return at;
}

// "2026-01-31 12:00:00.123". The part up to the second is the same for many records in turn.
char* Generator::write_event_time(char* at, std::int64_t now_ns) {
    std::int64_t millis = event_ms(index_, now_ns);
    if (!back_ms_.empty()) millis -= back_ms_[position()];
    const std::int64_t second = floor_div(millis, 1000);
    if (second != second_) {
        second_ = second;
        second_text_.clear();
        append_timestamp(second_text_, second * kNanosPerSecond, 0);
        second_text_ += '.';
    }
    at = write(at, second_text_);
    const std::int64_t rest = millis - second * 1000;
    *at++ = static_cast<char>('0' + rest / 100);
    *at++ = static_cast<char>('0' + rest / 10 % 10);
    *at++ = static_cast<char>('0' + rest % 10);
    return at;
}

}  // namespace thalweg::load
