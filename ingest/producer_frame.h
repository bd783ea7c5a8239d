#pragma once

#include "ingest/session_id.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The frames of the producer protocol as bytes: docs/PROTOCOL.md, where each is drawn and has an
// example that the tests hold. Pure functions, for both sides; nothing here knows a socket.
//
//   frame  := length:u32 checksum:u32 type:u8 zero:u8[3] body      little endian
//   length is of the body; the checksum is CRC32C of the length, the type, the zeros and the body.
//
// Failure  As values. Bytes that are no frame say whether they were damaged on the way (a checksum)
//          or never were one.

namespace thalweg {

inline constexpr std::uint16_t kProducerVersion = 1;
inline constexpr std::size_t kFrameHeaderBytes = 12;
inline constexpr std::size_t kBatchHeaderBytes = 16;  // Of a BATCH's body, before its payload.
inline constexpr std::size_t kTokenBytesMax = 256;
inline constexpr std::size_t kRefuseTextBytesMax = 1'024;
inline constexpr std::size_t kSmallBodyBytesMax = 2'048;  // Of any frame but BATCH.

enum class FrameType : std::uint8_t {
    kHello = 1,
    kWelcome = 2,
    kRefuse = 3,
    kBatch = 4,
    kAck = 5,
    kEnd = 6,
    kNack = 7,
    kPing = 8,
    kPong = 9,
    kGoAway = 10,
};

enum class RefuseCode : std::uint16_t {
    kDataLoss = 1,
    kUnknownSession = 2,
    kFenced = 3,
    kOverload = 4,
    kVersion = 5,
    kAuth = 6,
    kMalformed = 7,
};

[[nodiscard]] std::string_view name_of(RefuseCode code) noexcept;

// How a record is told from the next one in the payload of a BATCH.
enum class PayloadFraming : std::uint8_t { kNewline = 1, kLengthPrefixed = 2, kFixed = 3 };

inline constexpr std::uint8_t kAckEpoch = 1;  // The only ack mode of this version.

struct Hello {
    std::uint16_t version = kProducerVersion;
    std::uint8_t ack_mode = kAckEpoch;
    SessionId session{};
    std::uint64_t session_epoch = 0;
    std::uint64_t last_acked = 0;
    std::string_view token{};

    friend bool operator==(const Hello&, const Hello&) = default;
};

struct Welcome {
    std::uint16_t version = kProducerVersion;
    PayloadFraming framing = PayloadFraming::kNewline;
    std::uint8_t delimiter = '\n';        // Of kNewline.
    std::uint32_t payload_bytes_max = 0;  // Of one BATCH.
    std::uint32_t record_bytes_max = 0;   // Without framing; of kFixed what each record has.
    SessionId server{};
    std::uint64_t incarnation = 0;
    std::uint64_t durable_seq = 0;
    std::uint64_t accepted_seq = 0;
    std::uint64_t credit_bytes = 0;

    friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct Refuse {
    RefuseCode code = RefuseCode::kMalformed;
    std::uint32_t retry_after_ms = 0;
    std::string_view text;

    friend bool operator==(const Refuse&, const Refuse&) = default;
};

// Records first_seq to first_seq + count - 1.
struct RecordBatch {
    std::uint64_t first_seq = 0;
    std::uint32_t count = 0;
    std::string_view payload;

    [[nodiscard]] std::uint64_t last_seq() const noexcept { return first_seq + count - 1; }

    friend bool operator==(const RecordBatch&, const RecordBatch&) = default;
};

struct Ack {
    std::uint64_t durable_seq = 0;
    std::uint64_t accepted_seq = 0;
    std::uint64_t credit_bytes = 0;

    friend bool operator==(const Ack&, const Ack&) = default;
};

// Each appends one frame.
void append_frame(std::string& out, const Hello& hello);
void append_frame(std::string& out, const Welcome& welcome);
void append_frame(std::string& out, const Refuse& refuse);
void append_frame(std::string& out, const RecordBatch& batch);
void append_frame(std::string& out, const Ack& ack);

// END (last_seq), NACK (expected), PING and PONG (any number), GOAWAY (milliseconds).
void append_number_frame(std::string& out, FrameType type, std::uint64_t number);

struct Frame {
    enum class Kind : std::uint8_t {
        kFrame,
        kMore,       // Not whole yet.
        kDamaged,    // A wrong checksum: its bytes are not what was sent.
        kMalformed,  // No frame of this protocol, however it travelled.
    };

    Kind kind = Kind::kMore;
    FrameType type = FrameType::kHello;
    std::string_view body;
    std::size_t consumed = 0;
};

// The frame at the front of `bytes`. A BATCH may carry `payload_bytes_max`. A length that cannot be
// is found out by the header alone; a body is believed when its checksum is right.
[[nodiscard]] Frame next_frame(std::string_view bytes, std::size_t payload_bytes_max) noexcept;

// Each reads a body of its type; nothing where it breaks a rule of the document. Views point into
// the body.
[[nodiscard]] std::optional<Hello> read_hello(std::string_view body) noexcept;
[[nodiscard]] std::optional<Welcome> read_welcome(std::string_view body) noexcept;
[[nodiscard]] std::optional<Refuse> read_refuse(std::string_view body) noexcept;
[[nodiscard]] std::optional<RecordBatch> read_batch(std::string_view body) noexcept;
[[nodiscard]] std::optional<Ack> read_ack(std::string_view body) noexcept;
[[nodiscard]] std::optional<std::uint64_t> read_number(std::string_view body) noexcept;

}  // namespace thalweg
