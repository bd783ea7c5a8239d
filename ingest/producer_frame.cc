#include "ingest/producer_frame.h"

#include "state/base/assertion.h"
#include "state/store/crc32c.h"

#include <bit>
#include <cstring>
#include <span>
#include <type_traits>

namespace thalweg {

namespace {

static_assert(std::endian::native == std::endian::little, "fields are copied as they are");

constexpr std::string_view kMagic = "THALPROD";
constexpr std::size_t kChecksumAt = 4;
constexpr std::size_t kTypeAt = 8;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

template <class T>
void put(std::string& out, T value) {
    static_assert(std::is_unsigned_v<T>);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

// Takes fields off the front of a body. Reading past its end gives zeros and is remembered.
class FieldReader {
  public:
    explicit FieldReader(std::string_view body) : rest_(body) {}

    template <class T>
    T take() noexcept {
        static_assert(std::is_unsigned_v<T>);
        T value = 0;
        if (rest_.size() < sizeof value) {
            is_short_ = true;
            return value;
        }
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }

    SessionId take_id() noexcept {
        SessionId id;
        if (rest_.size() < id.bytes.size()) {
            is_short_ = true;
            return id;
        }
        std::memcpy(id.bytes.data(), rest_.data(), id.bytes.size());
        rest_.remove_prefix(id.bytes.size());
        return id;
    }

    std::string_view take_text(std::size_t size) noexcept {
        is_short_ = is_short_ || rest_.size() < size;
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(text.size());
        return text;
    }

    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

    // Whether all fields were there.
    [[nodiscard]] bool holds() const noexcept { return !is_short_; }

    // And nothing but them.
    [[nodiscard]] bool is_exact() const noexcept { return !is_short_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool is_short_ = false;
};

// Leaves room for the header of a frame; returns where it begins.
std::size_t begin_frame(std::string& out, FrameType type) {
    const std::size_t at = out.size();
    out.append(kFrameHeaderBytes, '\0');
    out[at + kTypeAt] = static_cast<char>(type);
    return at;
}

std::uint32_t checksum_of(std::string_view frame) {
    const std::uint32_t crc = crc32c(0, bytes_of(frame.substr(0, kChecksumAt)));
    return crc32c(crc, bytes_of(frame.substr(kTypeAt)));
}

void end_frame(std::string& out, std::size_t at) {
    const auto length = static_cast<std::uint32_t>(out.size() - at - kFrameHeaderBytes);
    std::memcpy(out.data() + at, &length, sizeof length);
    const std::uint32_t checksum = checksum_of(std::string_view(out).substr(at));
    std::memcpy(out.data() + at + kChecksumAt, &checksum, sizeof checksum);
}

void put_id(std::string& out, const SessionId& id) {
    out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

bool is_frame_type(std::uint8_t type) {
    return type >= static_cast<std::uint8_t>(FrameType::kHello) &&
           type <= static_cast<std::uint8_t>(FrameType::kGoAway);
}

}  // namespace

std::string_view name_of(RefuseCode code) noexcept {
    switch (code) {
        case RefuseCode::kDataLoss: return "DATA_LOSS";
        case RefuseCode::kUnknownSession: return "UNKNOWN_SESSION";
        case RefuseCode::kFenced: return "FENCED";
        case RefuseCode::kOverload: return "OVERLOAD";
        case RefuseCode::kVersion: return "VERSION";
        case RefuseCode::kAuth: return "AUTH";
        case RefuseCode::kMalformed: return "MALFORMED";
    }
    return "UNKNOWN_CODE";
}

void append_frame(std::string& out, const Hello& hello) {
    ASSERT(hello.token.size() <= kTokenBytesMax);
    const std::size_t at = begin_frame(out, FrameType::kHello);
    out += kMagic;
    put(out, hello.version);
    put(out, hello.ack_mode);
    put(out, std::uint8_t{0});
    put_id(out, hello.session);
    put(out, hello.session_epoch);
    put(out, hello.last_acked);
    put(out, static_cast<std::uint16_t>(hello.token.size()));
    out += hello.token;
    end_frame(out, at);
}

void append_frame(std::string& out, const Welcome& welcome) {
    const std::size_t at = begin_frame(out, FrameType::kWelcome);
    put(out, welcome.version);
    put(out, static_cast<std::uint8_t>(welcome.framing));
    put(out, welcome.delimiter);
    put(out, welcome.payload_bytes_max);
    put(out, welcome.record_bytes_max);
    put_id(out, welcome.server);
    put(out, welcome.incarnation);
    put(out, welcome.durable_seq);
    put(out, welcome.accepted_seq);
    put(out, welcome.credit_bytes);
    end_frame(out, at);
}

void append_frame(std::string& out, const Refuse& refuse) {
    const std::string_view text = refuse.text.substr(0, kRefuseTextBytesMax);
    const std::size_t at = begin_frame(out, FrameType::kRefuse);
    put(out, static_cast<std::uint16_t>(refuse.code));
    put(out, static_cast<std::uint16_t>(text.size()));
    put(out, refuse.retry_after_ms);
    out += text;
    end_frame(out, at);
}

void append_frame(std::string& out, const RecordBatch& batch) {
    const std::size_t at = begin_frame(out, FrameType::kBatch);
    put(out, batch.first_seq);
    put(out, batch.count);
    put(out, std::uint32_t{0});
    out += batch.payload;
    end_frame(out, at);
}

void append_frame(std::string& out, const Ack& ack) {
    const std::size_t at = begin_frame(out, FrameType::kAck);
    put(out, ack.durable_seq);
    put(out, ack.accepted_seq);
    put(out, ack.credit_bytes);
    end_frame(out, at);
}

void append_number_frame(std::string& out, FrameType type, std::uint64_t number) {
    const std::size_t at = begin_frame(out, type);
    put(out, number);
    end_frame(out, at);
}

Frame next_frame(std::string_view bytes, std::size_t payload_bytes_max) noexcept {
    Frame frame;
    if (bytes.size() < kFrameHeaderBytes) return frame;
    FieldReader header(bytes);
    const auto length = header.take<std::uint32_t>();
    const auto checksum = header.take<std::uint32_t>();
    const auto type_and_zeros = header.take<std::uint32_t>();
    frame.type = static_cast<FrameType>(type_and_zeros);
    const std::size_t body_max = frame.type == FrameType::kBatch
                                     ? kBatchHeaderBytes + payload_bytes_max
                                     : kSmallBodyBytesMax;
    if (type_and_zeros > 0xff || !is_frame_type(static_cast<std::uint8_t>(type_and_zeros)) ||
        length > body_max) {
        frame.kind = Frame::Kind::kMalformed;
        return frame;
    }
    if (bytes.size() - kFrameHeaderBytes < length) return frame;
    frame.consumed = kFrameHeaderBytes + length;
    frame.body = bytes.substr(kFrameHeaderBytes, length);
    const bool is_right = checksum_of(bytes.substr(0, frame.consumed)) == checksum;
    frame.kind = is_right ? Frame::Kind::kFrame : Frame::Kind::kDamaged;
    return frame;
}

std::optional<Hello> read_hello(std::string_view body) noexcept {
    FieldReader fields(body);
    Hello hello;
    if (fields.take_text(kMagic.size()) != kMagic) return std::nullopt;
    hello.version = fields.take<std::uint16_t>();
    hello.ack_mode = fields.take<std::uint8_t>();
    const auto zero = fields.take<std::uint8_t>();
    hello.session = fields.take_id();
    hello.session_epoch = fields.take<std::uint64_t>();
    hello.last_acked = fields.take<std::uint64_t>();
    const auto token_bytes = fields.take<std::uint16_t>();
    if (token_bytes > kTokenBytesMax) return std::nullopt;
    hello.token = fields.take_text(token_bytes);
    // What another version says behind these fields is its own business: it is told the version.
    const bool is_other = fields.holds() && hello.version != kProducerVersion;
    if (is_other || (fields.is_exact() && zero == 0)) return hello;
    return std::nullopt;
}

std::optional<Welcome> read_welcome(std::string_view body) noexcept {
    FieldReader fields(body);
    Welcome welcome;
    welcome.version = fields.take<std::uint16_t>();
    const auto framing = fields.take<std::uint8_t>();
    welcome.framing = static_cast<PayloadFraming>(framing);
    welcome.delimiter = fields.take<std::uint8_t>();
    welcome.payload_bytes_max = fields.take<std::uint32_t>();
    welcome.record_bytes_max = fields.take<std::uint32_t>();
    welcome.server = fields.take_id();
    welcome.incarnation = fields.take<std::uint64_t>();
    welcome.durable_seq = fields.take<std::uint64_t>();
    welcome.accepted_seq = fields.take<std::uint64_t>();
    welcome.credit_bytes = fields.take<std::uint64_t>();
    const bool is_sound = framing >= 1 && framing <= 3 && welcome.version == kProducerVersion &&
                          welcome.durable_seq <= welcome.accepted_seq;
    if (fields.is_exact() && is_sound) return welcome;
    return std::nullopt;
}

std::optional<Refuse> read_refuse(std::string_view body) noexcept {
    FieldReader fields(body);
    Refuse refuse;
    refuse.code = static_cast<RefuseCode>(fields.take<std::uint16_t>());
    const auto text_bytes = fields.take<std::uint16_t>();
    refuse.retry_after_ms = fields.take<std::uint32_t>();
    refuse.text = fields.take_text(text_bytes);
    if (fields.is_exact() && text_bytes <= kRefuseTextBytesMax) return refuse;
    return std::nullopt;
}

std::optional<RecordBatch> read_batch(std::string_view body) noexcept {
    FieldReader fields(body);
    RecordBatch batch;
    batch.first_seq = fields.take<std::uint64_t>();
    batch.count = fields.take<std::uint32_t>();
    const auto zero = fields.take<std::uint32_t>();
    batch.payload = fields.rest();
    const bool is_sound = fields.holds() && zero == 0 && batch.count > 0 && batch.first_seq > 0 &&
                          batch.last_seq() >= batch.first_seq && !batch.payload.empty();
    if (is_sound) return batch;
    return std::nullopt;
}

std::optional<Ack> read_ack(std::string_view body) noexcept {
    FieldReader fields(body);
    Ack ack;
    ack.durable_seq = fields.take<std::uint64_t>();
    ack.accepted_seq = fields.take<std::uint64_t>();
    ack.credit_bytes = fields.take<std::uint64_t>();
    if (fields.is_exact() && ack.durable_seq <= ack.accepted_seq) return ack;
    return std::nullopt;
}

std::optional<std::uint64_t> read_number(std::string_view body) noexcept {
    FieldReader fields(body);
    const auto number = fields.take<std::uint64_t>();
    if (fields.is_exact()) return number;
    return std::nullopt;
}

}  // namespace thalweg
