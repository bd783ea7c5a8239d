// One stream's way from bytes to batches, with a decoder that does as little as it can.

#include "ingest/stream_reader.h"

#include "state/base/random.h"
#include "tests/support/vector_outlet.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// Records are lines; a row is its length. "bad" is rejected, "lost" loses the framing.
class LengthDecoder final : public Decoder {
  public:
    DecodeResult decode(const Piece& piece, Batch& rows, Outlet& outlet) override {
        DecodeResult result;
        while (rows.size() < piece.rows_max && result.consumed < piece.bytes.size()) {
            const std::string_view rest = piece.bytes.substr(result.consumed);
            const std::size_t end = rest.find('\n');
            if (end == std::string_view::npos && !piece.is_end) break;
            const std::string_view record = rest.substr(0, end);
            take(record, piece, result, rows, outlet);
            result.consumed += record.size() + (end == std::string_view::npos ? 0 : 1);
            ++result.records;
            if (lost_) break;
        }
        return result;
    }

    [[nodiscard]] bool lost_framing() const override { return lost_; }

  private:
    void take(std::string_view record,
              const Piece& piece,
              DecodeResult& result,
              Batch& rows,
              Outlet& outlet) {
        lost_ = record == "lost";
        if (lost_ || record == "bad") {
            ++result.rejected;
            outlet.reject(
                {RejectReason::kMalformed, "", record, piece.peer, piece.offset + result.consumed});
            return;
        }
        const std::size_t row = rows.size();
        rows.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(record.size());
        rows.column(1).data<std::int64_t>()[row] =
            piece.sequence + static_cast<std::int64_t>(result.records);
        rows.set_size(row + 1);
    }

    bool lost_ = false;
};

FormatSpec format_of_two(std::size_t frame_bytes_max = 256) {
    FormatSpec format;
    format.frame_bytes_max = frame_bytes_max;
    format.wanted = {{{"length"}, Type::bigint(), Metadata::kNone},
                     {{"sequence"}, Type::bigint(), Metadata::kSequence}};
    return format;
}

struct Stream {
    StreamWorkspace workspace{format_of_two(), 1024};
    VectorOutlet outlet;
    StreamReader reader{
        workspace, std::make_unique<LengthDecoder>(), {"peer", 7, outlet.open_split()}};

    void feed(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::span<char> room = reader.room();
            const std::size_t count = std::min(room.size(), bytes.size());
            std::memcpy(room.data(), bytes.data(), count);
            reader.take(count, 0);
            bytes.remove_prefix(count);
            drain();
        }
    }

    void drain(std::size_t budget = 1'000'000) {
        for (int i = 0; i < 10'000 && reader.has_backlog(); ++i)
            static_cast<void>(reader.deliver(budget, outlet));
        CHECK_FALSE(reader.has_backlog());
    }

    void check_balance() const {
        const SourceCounters& counters = workspace.counters();
        CHECK_EQ(counters.received_records, outlet.rows + outlet.refused.size());
        CHECK_EQ(counters.emitted_records, outlet.rows);
        CHECK_EQ(outlet.misuses, 0);
    }
};

TEST_CASE("stream reader: any split of the bytes gives the same rows and rejections") {
    Random random(11);
    std::string bytes;
    std::vector<std::int64_t> lengths;
    std::vector<std::int64_t> sequences;
    std::vector<std::uint64_t> bad_offsets;
    for (std::int64_t n = 0; n < 3000; ++n) {
        if (random.below(20) == 0) {
            bad_offsets.push_back(bytes.size());
            bytes += "bad\n";
            continue;
        }
        const std::size_t length = random.below(random.below(10) == 0 ? 200 : 5);
        lengths.push_back(static_cast<std::int64_t>(length));
        sequences.push_back(n);
        bytes += std::string(length, 'x') + "\n";
    }
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        Random split(seed);
        Stream stream;
        stream.outlet.pause = split.below(3);
        const std::uint64_t longest = 1 + split.below(seed % 2 == 0 ? 4 : 2000);
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t count = 1 + split.below(longest);
            stream.feed(std::string_view(bytes).substr(at, count));
            at += count;
        }
        stream.reader.end(StreamEnd::kClean);
        stream.drain();
        CHECK(stream.reader.is_done());
        CHECK_EQ(stream.outlet.int64s(0), lengths);
        CHECK_EQ(stream.outlet.int64s(1), sequences);
        REQUIRE_EQ(stream.outlet.refused.size(), bad_offsets.size());
        for (std::size_t i = 0; i < bad_offsets.size(); ++i)
            CHECK_EQ(stream.outlet.refused[i].offset, bad_offsets[i]);
        CHECK_EQ(stream.reader.bytes_taken(), bytes.size());
        stream.check_balance();
    }
}

TEST_CASE("stream reader: the three ends of a stream") {
    struct Case {
        StreamEnd how;
        std::size_t rows;
        std::size_t rejected;
    };

    for (const Case& c : {Case{StreamEnd::kClean, 2, 0},
                          Case{StreamEnd::kBroken, 1, 1},
                          Case{StreamEnd::kStopped, 1, 0}}) {
        Stream stream;
        stream.feed("whole\nhal");
        CHECK_FALSE(stream.reader.is_done());
        stream.reader.end(c.how);
        stream.drain();
        CHECK(stream.reader.is_done());
        CHECK_EQ(stream.outlet.rows, c.rows);
        REQUIRE_EQ(stream.outlet.refused.size(), c.rejected);
        if (c.rejected == 1) {
            CHECK_EQ(stream.outlet.refused[0].reason, RejectReason::kTruncated);
            CHECK_EQ(stream.outlet.refused[0].bytes, "hal");
            CHECK_EQ(stream.outlet.refused[0].offset, 6);
        }
        stream.check_balance();
    }
}

TEST_CASE("stream reader: a lost framing ends the stream, what came before counts") {
    Stream stream;
    stream.feed("a\nlost\nb\nc\n");
    CHECK(stream.reader.lost_framing());
    CHECK(stream.reader.is_done());
    CHECK_EQ(stream.outlet.rows, 1);
    CHECK_EQ(stream.outlet.refused.size(), 1);
    stream.check_balance();
}

TEST_CASE("stream reader: a full outlet and a small budget only take longer") {
    Stream stream;
    stream.outlet.is_open = false;
    const std::span<char> room = stream.reader.room();
    std::memset(room.data(), '\n', 1000);
    stream.reader.take(1000, 0);
    CHECK_EQ(stream.reader.deliver(100, stream.outlet), 0);
    CHECK(stream.reader.has_backlog());
    stream.outlet.is_open = true;
    stream.drain(1);
    CHECK_EQ(stream.outlet.rows, 1000);
    stream.check_balance();
}

TEST_CASE("stream reader: streams take turns in one workspace") {
    StreamWorkspace workspace(format_of_two(), 1024);
    VectorOutlet outlet;
    std::vector<StreamReader> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back(workspace,
                             std::make_unique<LengthDecoder>(),
                             StreamReader::Origin{"peer", i, outlet.open_split()});
    }
    for (int round = 0; round < 50; ++round) {
        for (std::size_t i = 0; i < readers.size(); ++i) {
            const std::string part(i + 1, 'x');
            const std::string bytes = round % 5 == 4 ? part + "\n" : part;
            const std::span<char> room = readers[i].room();
            std::memcpy(room.data(), bytes.data(), bytes.size());
            readers[i].take(bytes.size(), 0);
            static_cast<void>(readers[i].deliver(100, outlet));
            REQUIRE_FALSE(readers[i].has_backlog());
        }
    }
    std::vector<std::int64_t> expected;
    for (std::int64_t length = 5; length <= 15; length += 5)
        expected.insert(expected.end(), 10, length);
    CHECK_EQ(outlet.int64s(0), expected);
}

}  // namespace
}  // namespace thalweg
