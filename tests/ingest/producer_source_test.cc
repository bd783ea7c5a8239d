// The durable tcp source over real loopback sockets, beside an engine that seals and commits when
// the test says so.

#include "ingest/session_directory.h"
#include "state/base/random.h"
#include "state/base/time.h"
#include "tests/support/producer_peer.h"
#include "tests/support/source_driver.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

constexpr std::uint8_t kServerByte = 0xab;

SourceSpec producer_spec(std::map<std::string, std::string> options = {}) {
    options.emplace("address", "127.0.0.1:0");
    options.emplace("durability", "epoch");
    return numbers_spec("tcp", std::move(options));
}

std::shared_ptr<SessionDirectory> make_directory(std::size_t instances = 1) {
    return std::make_shared<SessionDirectory>(
        instances, SessionDirectory::Identity{session_of(kServerByte), 7});
}

// A source, the epochs of an engine, and what is durable of it.
struct EngineDouble {
    SourceDriver driver;
    std::shared_ptr<SessionDirectory> directory;
    std::uint64_t epoch = 0;
    std::vector<SourcePosition> positions;

    explicit EngineDouble(std::map<std::string, std::string> options = {},
                          const std::vector<SourcePosition>& restored = {}) {
        directory = make_directory();
        IoLoop& loop = driver.loop;
        auto made =
            make_source(producer_spec(std::move(options)),
                        {0, 1, directory},
                        loop,
                        [this](std::string_view text) { driver.events.emplace_back(text); });
        REQUIRE(made.has_value());
        REQUIRE((*made)->restore(restored).has_value());
        REQUIRE_EQ(driver.open(*std::move(made)), "");
    }

    std::uint64_t seal() {
        positions.clear();
        driver.source->seal(++epoch, positions);
        return epoch;
    }

    void commit() { driver.source->commit(seal()); }

    [[nodiscard]] ProducerPeer connect() const { return ProducerPeer(driver.listening_on()); }

    Frame wait(ProducerPeer& peer) {
        CHECK(driver.run_until([&] { return peer.hears(); }));
        return peer.next();
    }

    Welcome greet(ProducerPeer& peer,
                  SessionId session,
                  std::uint64_t session_epoch = 0,
                  std::uint64_t last_acked = 0) {
        REQUIRE(peer.hello(session, session_epoch, last_acked));
        const Frame frame = wait(peer);
        REQUIRE_EQ(frame.type, FrameType::kWelcome);
        const auto welcome = read_welcome(frame.body);
        REQUIRE(welcome.has_value());
        return *welcome;
    }

    Ack ack(ProducerPeer& peer) {
        const Frame frame = wait(peer);
        REQUIRE_EQ(frame.type, FrameType::kAck);
        return *read_ack(frame.body);
    }

    void check_refused(ProducerPeer& peer, RefuseCode code) {
        const Frame frame = wait(peer);
        REQUIRE_EQ(frame.type, FrameType::kRefuse);
        const auto refuse = read_refuse(frame.body);
        REQUIRE(refuse.has_value());
        CHECK_EQ(refuse->code, code);
        CHECK_FALSE(refuse->text.empty());
        CHECK(driver.run_until([&] { return peer.is_closed(); }));
    }

    void stop() {
        driver.source->stop();
        CHECK(driver.run_to_end());
        driver.check_balance();
    }
};

TEST_CASE("producer: records are accepted, and acknowledged when their epoch is durable") {
    EngineDouble bench;
    ProducerPeer peer = bench.connect();
    const Welcome welcome = bench.greet(peer, session_of(1));
    CHECK_EQ(welcome.server, session_of(kServerByte));
    CHECK_EQ(welcome.incarnation, 7);
    CHECK_EQ(welcome.framing, PayloadFraming::kNewline);
    CHECK_EQ(welcome.record_bytes_max, 65'536);
    CHECK_EQ(welcome.accepted_seq, 0);
    CHECK_GE(welcome.credit_bytes, welcome.payload_bytes_max);
    REQUIRE(peer.batch(1, 3, number_lines(1, 3)));
    CHECK_EQ(bench.ack(peer), Ack{0, 3, welcome.credit_bytes});
    const std::uint64_t first = bench.seal();
    CHECK_EQ(bench.positions, std::vector<SourcePosition>{{session_of(1).to_hex(), 0, 3}});
    REQUIRE(peer.batch(4, 2, number_lines(4, 2)));
    CHECK_EQ(bench.ack(peer), Ack{0, 5, welcome.credit_bytes});
    bench.driver.source->commit(first);
    CHECK_EQ(bench.ack(peer), Ack{3, 5, welcome.credit_bytes});
    bench.commit();
    CHECK_EQ(bench.ack(peer), Ack{5, 5, welcome.credit_bytes});
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(1, 5));
    REQUIRE(peer.say_number(FrameType::kPing, 77));
    const Frame pong = bench.wait(peer);
    CHECK_EQ(pong.type, FrameType::kPong);
    CHECK_EQ(read_number(pong.body), 77);
    bench.stop();
}

TEST_CASE("producer: what is sent again is not counted again, whole batches and parts") {
    EngineDouble bench;
    {
        ProducerPeer peer = bench.connect();
        bench.greet(peer, session_of(1));
        REQUIRE(peer.batch(1, 10, number_lines(1, 10)));
        CHECK_EQ(bench.ack(peer).accepted_seq, 10);
    }
    ProducerPeer peer = bench.connect();
    const Welcome welcome = bench.greet(peer, session_of(1));
    CHECK_EQ(welcome.durable_seq, 0);
    CHECK_EQ(welcome.accepted_seq, 10);
    REQUIRE(peer.batch(1, 4, number_lines(1, 4)));
    CHECK_EQ(bench.ack(peer).accepted_seq, 10);
    REQUIRE(peer.batch(5, 9, number_lines(5, 9)));
    CHECK_EQ(bench.ack(peer).accepted_seq, 13);
    REQUIRE(peer.batch(13, 1, number_lines(13, 1)));
    CHECK_EQ(bench.ack(peer).accepted_seq, 13);  // Said again.
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(1, 13));
    CHECK_EQ(bench.driver.source->counters().repeated_records, 11);
    bench.stop();
}

TEST_CASE("producer: a poison record is counted and has its number, a blank line has one too") {
    EngineDouble bench;
    ProducerPeer peer = bench.connect();
    bench.greet(peer, session_of(1));
    REQUIRE(peer.batch(1, 5, "{\"n\":1}\nbad\n\n" + number_lines(2, 2)));
    CHECK_EQ(bench.ack(peer).accepted_seq, 5);
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(1, 3));
    CHECK_EQ(bench.driver.rejected(RejectReason::kMalformed), 1);
    REQUIRE(peer.batch(2, 5, "bad\n\n" + number_lines(2, 3)));
    CHECK_EQ(bench.ack(peer).accepted_seq, 6);
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(1, 4));
    CHECK_EQ(bench.driver.rejected(RejectReason::kMalformed), 1);
    bench.stop();
}

TEST_CASE("producer: what is no batch of whole records closes, and nothing of it is applied") {
    struct Case {
        const char* name;
        std::uint64_t first_seq;
        std::uint32_t count;
        std::string payload;
        std::map<std::string, std::string> options;
    };

    const std::string prefixed("\x07\0\0\0{\"n\":1}", 11);
    const std::vector<Case> cases = {
        {"fewer than said", 1, 3, number_lines(1, 2), {}},
        {"more than said", 1, 1, number_lines(1, 2), {}},
        {"cut in a record", 1, 2, number_lines(1, 2) + "{", {}},
        {"no record", 1, 0, "{\"n\":1}\n", {}},
        {"number 0", 0, 1, "{\"n\":1}\n", {}},
        {"numbers that wrap", UINT64_MAX, 2, number_lines(1, 2), {}},
        {"no payload", 1, 1, "", {}},
        {"a length too few", 1, 2, prefixed, {{"framing", "length-prefixed"}}},
        {"a length cut", 1, 1, prefixed.substr(0, 9), {{"framing", "length-prefixed"}}},
        {"a length of 0", 1, 1, std::string(4, '\0'), {{"framing", "length-prefixed"}}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        EngineDouble bench(c.options);
        ProducerPeer peer = bench.connect();
        bench.greet(peer, session_of(1));
        REQUIRE(peer.batch(c.first_seq, c.count, c.payload));
        bench.check_refused(peer, RefuseCode::kMalformed);
        ProducerPeer again = bench.connect();
        CHECK_EQ(bench.greet(again, session_of(1)).accepted_seq, 0);
        CHECK_EQ(bench.driver.outlet.rows, 0);
        CHECK(bench.driver.outlet.refused.empty());
        bench.stop();
    }
}

TEST_CASE("producer: a frame damaged on its way closes without a word, and is not applied") {
    std::string bytes;
    append_frame(bytes, RecordBatch{1, 2, "{\"n\":1}\n{\"n\":2}\n"});
    for (std::size_t at = 4; at < bytes.size(); ++at) {
        if (at >= 8 && at < 12) continue;  // The type: then it is no frame, and refused.
        CAPTURE(at);
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 4);
        EngineDouble bench;
        ProducerPeer peer = bench.connect();
        bench.greet(peer, session_of(1));
        REQUIRE(peer.socket().send(damaged));
        CHECK(bench.driver.run_until([&] { return peer.is_closed(); }));
        CHECK_EQ(bench.driver.outlet.rows, 0);
        CHECK(bench.driver.events.back().ends_with(": a frame was damaged on its way"));
    }
}

TEST_CASE("producer: a gap is told what was expected, and closed") {
    EngineDouble bench;
    ProducerPeer peer = bench.connect();
    bench.greet(peer, session_of(1));
    REQUIRE(peer.batch(1, 2, number_lines(1, 2)));
    REQUIRE(peer.batch(4, 1, number_lines(4, 1)));
    Frame frame = bench.wait(peer);
    while (frame.type == FrameType::kAck)
        frame = bench.wait(peer);
    REQUIRE_EQ(frame.type, FrameType::kNack);
    CHECK_EQ(read_number(frame.body), 3);
    CHECK(bench.driver.run_until([&] { return peer.is_closed(); }));
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(1, 2));
    bench.stop();
}

TEST_CASE("producer: every refusal of a HELLO") {
    EngineDouble bench({{"sessions.max", "2"}}, {{session_of(9).to_hex(), 5, 100}});
    const auto refused = [&](const Hello& hello, RefuseCode code) {
        ProducerPeer peer = bench.connect();
        REQUIRE(peer.say(hello));
        bench.check_refused(peer, code);
    };
    refused({.session = session_of(9), .session_epoch = 5, .last_acked = 101, .token = {}},
            RefuseCode::kDataLoss);
    refused({.session = session_of(1), .last_acked = 1, .token = {}}, RefuseCode::kUnknownSession);
    refused({.session = session_of(9), .session_epoch = 4, .last_acked = 100, .token = {}},
            RefuseCode::kFenced);
    refused({.version = 2, .session = session_of(1), .token = {}}, RefuseCode::kVersion);
    refused({.session = session_of(1), .token = "secret"}, RefuseCode::kAuth);
    refused({.ack_mode = 2, .session = session_of(1), .token = {}}, RefuseCode::kMalformed);
    bench.commit();
    ProducerPeer second = bench.connect();
    bench.greet(second, session_of(1));
    refused({.session = session_of(2), .token = {}}, RefuseCode::kOverload);
    ProducerPeer known = bench.connect();
    CHECK_EQ(bench.greet(known, session_of(9), 5, 100).accepted_seq, 100);
    CHECK_EQ(bench.driver.source->counters().refused_connections, 7);
    CHECK_EQ(bench.driver.outlet.rows, 0);
    CHECK_EQ(bench.driver.outlet.splits.size(), 3);  // And that of the session that was missing.
    bench.stop();
}

TEST_CASE("producer: what does not begin with HELLO is no producer") {
    std::string ping;
    append_number_frame(ping, FrameType::kPing, 1);
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.1\r\n\r\n"), number_lines(0, 3), ping}) {
        CAPTURE(bytes);
        EngineDouble bench;
        ProducerPeer peer = bench.connect();
        REQUIRE(peer.socket().send(bytes));
        bench.check_refused(peer, RefuseCode::kMalformed);
        bench.stop();
    }
}

TEST_CASE("producer: a second connection fences the first, which is told") {
    EngineDouble bench;
    ProducerPeer first = bench.connect();
    bench.greet(first, session_of(1), 3);
    REQUIRE(first.batch(1, 2, number_lines(1, 2)));
    CHECK_EQ(bench.ack(first).accepted_seq, 2);
    ProducerPeer second = bench.connect();
    CHECK_EQ(bench.greet(second, session_of(1), 3).accepted_seq, 2);
    bench.check_refused(first, RefuseCode::kFenced);
    ProducerPeer third = bench.connect();
    CHECK_EQ(bench.greet(third, session_of(1), 4).accepted_seq, 2);
    bench.check_refused(second, RefuseCode::kFenced);
    ProducerPeer old = bench.connect();
    REQUIRE(old.hello(session_of(1), 3, 0));
    bench.check_refused(old, RefuseCode::kFenced);
    REQUIRE(third.batch(3, 1, number_lines(3, 1)));
    CHECK_EQ(bench.ack(third).accepted_seq, 3);
    bench.seal();
    CHECK_EQ(bench.positions, std::vector<SourcePosition>{{session_of(1).to_hex(), 4, 3}});
    bench.stop();
}

TEST_CASE("producer: a full engine keeps the session until it has taken what was accepted") {
    EngineDouble bench;
    bench.driver.budget = 2;
    ProducerPeer first = bench.connect();
    bench.greet(first, session_of(1));
    REQUIRE(first.batch(1, 6, number_lines(1, 6)));
    CHECK(bench.driver.run_until([&] { return bench.driver.outlet.rows >= 2; }));
    bench.driver.outlet.is_open = false;
    const std::size_t rows = bench.driver.outlet.rows;
    bench.seal();
    CHECK_EQ(bench.positions.at(0).position, rows);  // A barrier in the middle of a BATCH.
    ProducerPeer second = bench.connect();
    REQUIRE(second.hello(session_of(1), 0, 0));
    for (int i = 0; i < 20; ++i)
        static_cast<void>(bench.driver.step());
    CHECK_FALSE(second.hears());
    bench.driver.outlet.is_open = true;
    const Frame frame = bench.wait(second);
    REQUIRE_EQ(frame.type, FrameType::kWelcome);
    const std::uint64_t accepted = read_welcome(frame.body)->accepted_seq;
    CHECK_EQ(accepted, bench.driver.outlet.rows);
    REQUIRE(second.batch(1, 6, number_lines(1, 6)));
    CHECK(bench.driver.run_until([&] { return bench.driver.outlet.rows == 6; }));
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(1, 6));
    bench.stop();
}

TEST_CASE("producer: sessions go on where the recovered epoch left them") {
    std::vector<SourcePosition> sealed;
    {
        EngineDouble bench;
        ProducerPeer peer = bench.connect();
        bench.greet(peer, session_of(1), 2);
        REQUIRE(peer.batch(1, 5, number_lines(1, 5)));
        CHECK_EQ(bench.ack(peer).accepted_seq, 5);
        bench.commit();
        CHECK_EQ(bench.ack(peer).durable_seq, 5);
        sealed = bench.positions;
        REQUIRE(peer.batch(6, 5, number_lines(6, 5)));
        CHECK_EQ(bench.ack(peer).accepted_seq, 10);
    }
    EngineDouble bench({}, sealed);
    ProducerPeer peer = bench.connect();
    REQUIRE(peer.hello(session_of(1), 3, 5));
    bench.epoch = 5;
    bench.driver.source->commit(bench.epoch);  // That from which it was recovered.
    for (int i = 0; i < 20; ++i)
        static_cast<void>(bench.driver.step());
    CHECK_FALSE(peer.hears());  // Not before an epoch of this process is durable.
    bench.commit();
    const Frame frame = bench.wait(peer);
    REQUIRE_EQ(frame.type, FrameType::kWelcome);
    const Welcome welcome = *read_welcome(frame.body);
    CHECK_EQ(welcome.durable_seq, 5);
    CHECK_EQ(welcome.accepted_seq, 5);
    REQUIRE(peer.batch(4, 7, number_lines(4, 7)));
    CHECK_EQ(bench.ack(peer).accepted_seq, 10);
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(6, 5));
    bench.stop();
}

// What a source restores after sessions 1 and 2 have sent a record each.
std::vector<SourcePosition> two_sessions() {
    EngineDouble bench;
    for (const std::uint8_t session : {std::uint8_t{1}, std::uint8_t{2}}) {
        ProducerPeer peer = bench.connect();
        bench.greet(peer, session_of(session));
        REQUIRE(peer.batch(1, 1, number_lines(1, 1)));
        CHECK_EQ(bench.ack(peer).accepted_seq, 1);
    }
    bench.commit();
    return bench.positions;
}

TEST_CASE("producer: the watermark waits for all that were there before a restart") {
    EngineDouble bench({}, two_sessions());
    const auto absent_splits = [&] { return bench.driver.outlet.open_splits(); };
    static_cast<void>(bench.driver.step());
    CHECK_EQ(absent_splits(), 1);
    bench.commit();
    ProducerPeer first = bench.connect();
    bench.greet(first, session_of(1), 1, 1);
    static_cast<void>(bench.driver.step());
    CHECK_EQ(absent_splits(), 2);  // Its own, and that of the other one.
    ProducerPeer second = bench.connect();
    bench.greet(second, session_of(2), 1, 1);
    static_cast<void>(bench.driver.step());
    CHECK_EQ(absent_splits(), 2);  // Of each its own.
    bench.stop();
}

TEST_CASE("producer: who does not come back is waited for as long as others can come back") {
    EngineDouble bench({}, two_sessions());
    const auto absent_splits = [&] { return bench.driver.outlet.open_splits(); };
    const auto step_at = [&](std::int64_t now_ns) {
        static_cast<void>(bench.driver.source->poll(now_ns, 1, bench.driver.outlet));
    };
    std::int64_t now_ns = 1;
    step_at(now_ns);
    bench.driver.source->commit(0);  // That from which it was recovered.
    for (int second = 0; second < 5; ++second) {
        step_at(now_ns += kNanosPerSecond);
        CHECK_EQ(absent_splits(), 1);  // No session is given out yet.
    }
    const std::size_t splits = bench.driver.outlet.splits.size();
    CHECK_EQ(splits, 6);  // Silent ones are forgotten, so it has been renewed.
    bench.commit();
    step_at(now_ns += 1);
    step_at(now_ns + kNanosPerSecond - 1);
    CHECK_EQ(absent_splits(), 1);
    step_at(now_ns + kNanosPerSecond);
    CHECK_EQ(absent_splits(), 0);
    bench.stop();
}

TEST_CASE("producer: END forgets a session of which all is acknowledged, and no other") {
    EngineDouble bench;
    ProducerPeer peer = bench.connect();
    bench.greet(peer, session_of(1));
    REQUIRE(peer.batch(1, 2, number_lines(1, 2)));
    CHECK_EQ(bench.ack(peer).accepted_seq, 2);
    REQUIRE(peer.say_number(FrameType::kEnd, 2));
    bench.check_refused(peer, RefuseCode::kMalformed);
    ProducerPeer again = bench.connect();
    bench.greet(again, session_of(1));
    bench.commit();
    CHECK_EQ(bench.ack(again).durable_seq, 2);
    REQUIRE(again.say_number(FrameType::kEnd, 2));
    const Frame frame = bench.wait(again);
    CHECK_EQ(frame.type, FrameType::kEnd);
    CHECK(bench.driver.run_until([&] { return again.is_closed(); }));
    CHECK_EQ(bench.directory->size(), 0);
    bench.seal();
    CHECK(bench.positions.empty());
    ProducerPeer late = bench.connect();
    REQUIRE(late.hello(session_of(1), 0, 2));
    bench.check_refused(late, RefuseCode::kUnknownSession);
    bench.stop();
}

TEST_CASE("producer: sessions that nobody comes back to expire, by time that has passed") {
    EngineDouble bench({{"sessions.expire-after", "60 s"}}, {});
    {
        ProducerPeer peer = bench.connect();
        bench.greet(peer, session_of(1));
        REQUIRE(peer.batch(1, 2, number_lines(1, 2)));
        CHECK_EQ(bench.ack(peer).accepted_seq, 2);
    }
    ProducerPeer other = bench.connect();
    bench.greet(other, session_of(2));
    const auto pass = [&](std::int64_t seconds) {
        bench.driver.now_ns += seconds * kNanosPerSecond;
        for (int i = 0; i < 5; ++i)
            static_cast<void>(bench.driver.step());
    };
    for (int i = 0; i < 40; ++i)
        pass(5);
    CHECK_EQ(bench.directory->size(), 2);  // What it was sent is not durable, so it stays.
    bench.commit();
    pass(365 * 86'400);  // A clock that jumps makes nobody older.
    pass(-365 * 86'400);
    CHECK_EQ(bench.directory->size(), 2);
    for (int i = 0; i < 13; ++i)
        pass(5);
    CHECK_EQ(bench.directory->size(), 1);
    CHECK_EQ(bench.driver.events.back(), "sessions that expired, since nobody came back: 1");
    ProducerPeer late = bench.connect();
    REQUIRE(late.hello(session_of(1), 1, 2));
    bench.check_refused(late, RefuseCode::kUnknownSession);
    bench.commit();
    CHECK_EQ(bench.positions.size(), 1);  // Of the one that is connected.
    bench.stop();
}

TEST_CASE("producer: tiny reads, and a peer that never reads its acknowledgements") {
    EngineDouble bench;
    ProducerPeer peer = bench.connect();
    bench.greet(peer, session_of(1));
    std::string bytes;
    append_frame(bytes, RecordBatch{1, 3, number_lines(1, 3)});
    for (const char byte : bytes) {
        REQUIRE(peer.socket().send({&byte, 1}));
        static_cast<void>(bench.driver.step());
    }
    CHECK_EQ(bench.ack(peer).accepted_seq, 3);
    // PINGs without end: once the answers do not fit any more, nothing more is read.
    std::string pings;
    while (pings.size() < 100'000)
        append_number_frame(pings, FrameType::kPing, 1);
    std::size_t sent = 0;
    for (int idle = 0; idle < 50;) {
        const std::size_t now = peer.socket().send_some(pings);
        sent += now;
        idle = now == 0 ? idle + 1 : 0;
        static_cast<void>(bench.driver.step());
        if (sent > 200'000'000) break;
    }
    CHECK_LT(sent, 200'000'000);
    bench.driver.now_ns += 11'000'000'000;
    CHECK(bench.driver.run_until([&] { return bench.driver.outlet.open_splits() == 0; }));
    bench.stop();
}

TEST_CASE("producer: who says nothing is closed in time") {
    EngineDouble bench(std::map<std::string, std::string>{{"idle-timeout", "60 s"}});
    ProducerPeer silent = bench.connect();
    ProducerPeer known = bench.connect();
    bench.greet(known, session_of(1));
    bench.driver.now_ns += 6'000'000'000;
    CHECK(bench.driver.run_until([&] { return silent.is_closed(); }));
    CHECK_FALSE(known.is_closed());
    bench.driver.now_ns += 60'000'000'000;
    CHECK(bench.driver.run_until([&] { return known.is_closed(); }));
    bench.stop();
}

TEST_CASE("producer: a stop delivers what was read, says GOAWAY, and still acknowledges") {
    EngineDouble bench;
    bench.driver.budget = 2;
    ProducerPeer peer = bench.connect();
    bench.greet(peer, session_of(1));
    REQUIRE(peer.batch(1, 100, number_lines(1, 100)));
    CHECK(bench.driver.run_until([&] { return bench.driver.outlet.rows >= 2; }));
    bench.stop();
    CHECK_EQ(bench.driver.outlet.int64s(), numbers(1, 100));
    CHECK_EQ(bench.ack(peer).accepted_seq, 100);
    const Frame goodbye = bench.wait(peer);
    CHECK_EQ(goodbye.type, FrameType::kGoAway);
    bench.commit();
    CHECK_EQ(bench.ack(peer).durable_seq, 100);
}

TEST_CASE("producer: without an engine that commits epochs the table cannot be opened") {
    SourceDriver driver;
    CHECK_EQ(driver.open(producer_spec()),
             "table 'numbers': 'durability' = 'epoch' acknowledges what is kept in a state "
             "directory, and there is none: run with --state DIR");
    const Result<SourceTraits> traits = check_source(producer_spec());
    REQUIRE(traits.has_value());
    CHECK_EQ(traits->replay, Replay::kAcknowledged);
    CHECK_FALSE(check_source(producer_spec({{"mode", "connect"}, {"address", "a:1"}})).has_value());
    CHECK_FALSE(
        check_source(numbers_spec("tcp", {{"address", "a:1"}, {"sessions.max", "3"}})).has_value());
    CHECK_FALSE(
        check_source(numbers_spec("tcp", {{"address", "a:1"}, {"sessions.expire-after", "1 d"}}))
            .has_value());
}

TEST_CASE("producer: records of a fixed size and with lengths") {
    for (const bool is_fixed : {true, false}) {
        CAPTURE(is_fixed);
        SourceSpec spec = producer_spec();
        spec.options["format"] = "raw-struct";
        if (!is_fixed) spec.options["framing"] = "length-prefixed";
        SourceDriver driver;
        auto made = make_source(spec, {0, 1, make_directory()}, driver.loop, [&](auto text) {
            driver.events.emplace_back(text);
        });
        REQUIRE(made.has_value());
        REQUIRE_EQ(driver.open(*std::move(made)), "");
        ProducerPeer peer(driver.listening_on());
        REQUIRE(peer.hello(session_of(1), 0, 0));
        REQUIRE(driver.run_until([&] { return peer.hears(); }));
        const Welcome welcome = *read_welcome(peer.next().body);
        CHECK_EQ(welcome.framing,
                 is_fixed ? PayloadFraming::kFixed : PayloadFraming::kLengthPrefixed);
        CHECK_EQ(welcome.record_bytes_max, is_fixed ? 8 : 65'536);
        std::string payload;
        for (char n = 1; n <= 5; ++n) {
            if (!is_fixed) payload += std::string("\x08\0\0\0", 4);
            payload += n + std::string(7, '\0');
        }
        REQUIRE(peer.batch(1, 2, payload.substr(0, payload.size() / 5 * 2)));
        REQUIRE(peer.batch(1, 5, payload));
        CHECK(driver.run_until([&] { return driver.outlet.rows == 5; }));
        CHECK_EQ(driver.outlet.int64s(), numbers(1, 5));
    }
}

TEST_CASE("producer: a line of csv is a record, whatever its quotes say") {
    SourceSpec spec = producer_spec();
    spec.options["format"] = "csv";
    spec.format.declared = {{"s", Type::string()}, {"n", Type::bigint()}};
    spec.format.wanted = {{{"n"}, Type::bigint(), Metadata::kNone}};
    SourceDriver driver;
    auto made = make_source(spec, {0, 1, make_directory()}, driver.loop, [&](auto text) {
        driver.events.emplace_back(text);
    });
    REQUIRE(made.has_value());
    REQUIRE_EQ(driver.open(*std::move(made)), "");
    ProducerPeer good(driver.listening_on());
    REQUIRE(good.hello(session_of(1), 0, 0));
    REQUIRE(driver.run_until([&] { return good.hears(); }));
    REQUIRE(good.batch(1, 5, "a,1\n\"b,2\nc\",3\r\n\"d\",4\n\"e,\"\"\",5\n"));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 4; }));
    CHECK_EQ(driver.outlet.int64s(), std::vector<std::int64_t>{1, 3, 4, 5});
    CHECK_EQ(driver.rejected(RejectReason::kTruncated), 1);
}

}  // namespace
}  // namespace thalweg
