// TCP sources over real loopback sockets.

#include "ingest/socket.h"
#include "ingest/source.h"
#include "state/base/random.h"
#include "tests/support/source_driver.h"
#include "tests/support/test_socket.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

SourceSpec tcp_spec(std::map<std::string, std::string> options = {}) {
    options.emplace("address", "127.0.0.1:0");
    return numbers_spec("tcp", std::move(options));
}

void stop_and_check(SourceDriver& driver) {
    driver.source->stop();
    CHECK(driver.run_to_end());
    driver.check_balance();
}

TEST_CASE("tcp: every split of the bytes into sends gives the same rows") {
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
        CAPTURE(chunk);
        SourceDriver driver;
        REQUIRE_EQ(driver.open(tcp_spec()), "");
        const TestSocket peer = TestSocket::connect_tcp(driver.listening_on());
        const std::string lines = number_lines(0, 300);
        for (std::size_t at = 0; at < lines.size(); at += chunk) {
            REQUIRE(peer.send(std::string_view(lines).substr(at, chunk)));
            static_cast<void>(driver.step());
        }
        CHECK(driver.run_until([&] { return driver.outlet.rows == 300; }));
        CHECK_EQ(driver.outlet.int64s(), numbers(0, 300));
        CHECK_EQ(driver.source->counters().received_bytes, lines.size());
        CHECK(driver.run_until([&] { return driver.outlet.flushes > 0; }));
        stop_and_check(driver);
    }
}

TEST_CASE("tcp: many connections are a split each, and records keep their order in each") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec()), "");
    std::vector<TestSocket> peers;
    for (int i = 0; i < 64; ++i)
        peers.push_back(TestSocket::connect_tcp(driver.listening_on()));
    for (int round = 0; round < 4; ++round) {
        for (std::size_t i = 0; i < peers.size(); ++i) {
            const auto first = static_cast<std::int64_t>(i) * 400 + round * 100;
            REQUIRE(peers[i].send(number_lines(first, 100)));
        }
        static_cast<void>(driver.step());
    }
    CHECK(driver.run_until([&] { return driver.outlet.rows == 64 * 400; }));
    std::vector<std::int64_t> values = driver.outlet.int64s();
    CHECK(std::is_sorted(values.begin(), values.begin() + 400));
    std::sort(values.begin(), values.end());
    CHECK_EQ(values, numbers(0, 64 * 400));
    peers.clear();
    CHECK(driver.run_until([&] { return driver.outlet.open_splits() == 0; }));
    CHECK_EQ(driver.outlet.splits.size(), 64);
    CHECK_EQ(driver.source->counters().connections_opened, 64);
    CHECK_EQ(driver.source->counters().connections_closed, 64);
    stop_and_check(driver);
}

TEST_CASE("tcp: a last line without its end counts when the peer closes, not when it breaks off") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec()), "");
    TestSocket clean = TestSocket::connect_tcp(driver.listening_on());
    REQUIRE(clean.send("{\"n\":1}\n{\"n\":2}"));
    clean.close();
    CHECK(driver.run_until([&] { return driver.outlet.rows == 2; }));
    driver.check_balance();

    TestSocket broken = TestSocket::connect_tcp(driver.listening_on());
    REQUIRE(broken.send("{\"n\":3}\n{\"n\":4}"));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 3; }));
    broken.reset();
    CHECK(driver.run_until([&] { return driver.outlet.open_splits() == 0; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(1, 3));
    CHECK_EQ(driver.rejected(RejectReason::kTruncated), 1);
    REQUIRE_EQ(driver.outlet.refused.size(), 1);
    CHECK_EQ(driver.outlet.refused[0].bytes, "{\"n\":4}");
    CHECK_EQ(driver.outlet.refused[0].offset, 8);
    CHECK(driver.outlet.refused[0].peer.starts_with("127.0.0.1:"));
    stop_and_check(driver);
}

TEST_CASE("tcp: silence, garbage and a reset cost only who does it") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec({{"max-frame-bytes", "1kb"}})), "");
    const TestSocket silent = TestSocket::connect_tcp(driver.listening_on());
    const TestSocket garbage = TestSocket::connect_tcp(driver.listening_on());
    const TestSocket endless = TestSocket::connect_tcp(driver.listening_on());
    TestSocket reset = TestSocket::connect_tcp(driver.listening_on());
    const TestSocket good = TestSocket::connect_tcp(driver.listening_on());
    REQUIRE(garbage.send(std::string("\x00\xff\n\n}{\n[1,2\n{\"n\":", 17)));
    REQUIRE(endless.send(std::string(100'000, 'x')));
    REQUIRE(reset.send("{\"n\":"));
    static_cast<void>(driver.step());
    reset.reset();
    for (int i = 0; i < 10; ++i) {
        REQUIRE(good.send(number_lines(i * 100, 100)));
        static_cast<void>(driver.step());
    }
    CHECK(driver.run_until([&] { return driver.outlet.rows == 1000; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 1000));
    CHECK(driver.run_until([&] { return driver.rejected(RejectReason::kTooLong) == 1; }));
    CHECK_GE(driver.rejected(RejectReason::kMalformed), 3);
    REQUIRE(endless.send("tail\n{\"n\":1000}\n"));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 1001; }));
    CHECK_EQ(driver.rejected(RejectReason::kTooLong), 1);
    stop_and_check(driver);
}

TEST_CASE("tcp: a full outlet makes the peer wait, and nothing is lost") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec({{"receive-buffer", "64kb"}})), "");
    const TestSocket peer = TestSocket::connect_tcp(driver.listening_on());
    CHECK(driver.run_until([&] { return driver.outlet.splits.size() == 1; }));
    driver.outlet.is_open = false;
    const std::string lines = number_lines(0, 200'000);
    std::size_t sent = 0;
    for (int quiet = 0; quiet < 3;) {
        const std::size_t more = peer.send_some(std::string_view(lines).substr(sent, 65'536));
        sent += more;
        quiet = more == 0 ? quiet + 1 : 0;
        static_cast<void>(driver.step());
        if (more == 0) driver.loop.wait(std::chrono::milliseconds(2));
        if (sent == lines.size()) break;
    }
    CHECK_EQ(driver.source->counters().received_bytes, 0);
    driver.outlet.is_open = true;
    driver.outlet.pause = 2;
    CHECK(driver.run_until([&] {
        sent += peer.send_some(std::string_view(lines).substr(sent, 65'536));
        return driver.outlet.rows == 200'000;
    }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 200'000));
    stop_and_check(driver);
}

TEST_CASE("tcp: a stop in the middle delivers what was read and closes everything") {
    Random random(7);
    for (int trial = 0; trial < 20; ++trial) {
        CAPTURE(trial);
        SourceDriver driver;
        driver.budget = 1 + random.below(500);
        driver.outlet.pause = random.below(3);
        REQUIRE_EQ(driver.open(tcp_spec()), "");
        const TestSocket first = TestSocket::connect_tcp(driver.listening_on());
        const TestSocket second = TestSocket::connect_tcp(driver.listening_on());
        REQUIRE(first.send(number_lines(0, 3000) + "{\"n\":"));
        REQUIRE(second.send(number_lines(3000, 2000) + "{"));
        for (std::uint64_t steps = random.below(12); steps > 0; --steps)
            static_cast<void>(driver.step());
        const std::uint64_t bytes = driver.source->counters().received_bytes;
        stop_and_check(driver);
        CHECK_EQ(driver.source->counters().received_bytes, bytes);
        CHECK(driver.outlet.refused.empty());
        CHECK(first.is_closed_by_peer());
    }
}

TEST_CASE("tcp: a port in use is one clear line, also for several instances") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec()), "");
    const std::string where = driver.listening_on();
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
        SourceDriver second;
        CHECK_EQ(second.open(tcp_spec({{"address", where}}), {0, count}),
                 "cannot listen on " + where + ": Address already in use");
    }
}

TEST_CASE("tcp: instances share a port") {
    const std::string where =
        "127.0.0.1:" + std::to_string(TestSocket::listen_tcp("127.0.0.1:0").port());
    SourceDriver first;
    SourceDriver second;
    REQUIRE_EQ(first.open(tcp_spec({{"address", where}}), {0, 2}), "");
    REQUIRE_EQ(second.open(tcp_spec({{"address", where}}), {1, 2}), "");
    for (int i = 0; i < 40; ++i) {
        const TestSocket peer = TestSocket::connect_tcp(where);
        REQUIRE(peer.send(number_lines(i * 10, 10)));
    }
    CHECK(first.run_until([&] {
        static_cast<void>(second.step());
        return first.outlet.rows + second.outlet.rows == 400;
    }));
    CHECK_GT(first.outlet.rows, 0);
    CHECK_GT(second.outlet.rows, 0);
    stop_and_check(first);
    stop_and_check(second);
}

TEST_CASE("tcp: connections beyond the limit are refused, idle ones closed") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec({{"connection-limit", "2"}, {"idle-timeout", "10 s"}})), "");
    const TestSocket first = TestSocket::connect_tcp(driver.listening_on());
    const TestSocket second = TestSocket::connect_tcp(driver.listening_on());
    const TestSocket third = TestSocket::connect_tcp(driver.listening_on());
    CHECK(driver.run_until([&] { return driver.events.size() == 2; }));
    CHECK(third.is_closed_by_peer());
    CHECK(driver.events[1].starts_with("connection-limit reached: refused 127.0.0.1:"));
    REQUIRE(first.send("{\"n\":0}\n{\"n\":1"));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 1; }));
    driver.now_ns += 9'000'000'000;
    REQUIRE(second.send(number_lines(1, 1)));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 2; }));
    CHECK_EQ(driver.outlet.open_splits(), 2);
    driver.now_ns = driver.source->next_poll_ns();
    CHECK(driver.run_until([&] { return driver.outlet.open_splits() == 1; }));
    CHECK(first.is_closed_by_peer());
    CHECK_EQ(driver.rejected(RejectReason::kTruncated), 1);
    stop_and_check(driver);
}

TEST_CASE("tcp: mode connect tries until somebody is there, and again when it is gone") {
    const std::string where =
        "127.0.0.1:" + std::to_string(TestSocket::listen_tcp("127.0.0.1:0").port());
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec({{"address", where}, {"mode", "connect"}})), "");
    CHECK(driver.run_until([&] { return driver.events.size() == 1; }));
    CHECK_EQ(driver.events[0],
             "cannot connect to " + where + ": Connection refused; trying again in 100 ms");
    CHECK_EQ(driver.source->next_poll_ns(), driver.now_ns + 100'000'000);
    const TestSocket listener = TestSocket::listen_tcp(where);
    for (int i = 0; i < 2; ++i) {
        driver.now_ns = std::max(driver.now_ns, driver.source->next_poll_ns());
        const std::size_t events = driver.events.size();
        CHECK(driver.run_until([&] { return driver.events.size() > events; }));
        CHECK_EQ(driver.events.back(), "connected to " + where);
        TestSocket peer = listener.accept();
        REQUIRE(peer.send(number_lines(i * 10, 10)));
        peer.close();
        CHECK(driver.run_until([&] { return driver.outlet.open_splits() == 0; }));
    }
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 20));
    stop_and_check(driver);
}

// A record behind its length.
std::string framed(std::string_view record) {
    const auto length = static_cast<std::uint32_t>(record.size());
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes.append(record);
}

TEST_CASE("tcp: a lost framing closes its connection and no other") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(tcp_spec({{"framing", "length-prefixed"}})), "");
    const TestSocket lost = TestSocket::connect_tcp(driver.listening_on());
    const TestSocket good = TestSocket::connect_tcp(driver.listening_on());
    REQUIRE(lost.send(framed("{\"n\":0}") + "GET / HTTP/1.1\r\n\r\n"));
    CHECK(driver.run_until([&] { return driver.outlet.open_splits() == 1; }));
    CHECK(lost.is_closed_by_peer());
    CHECK(driver.events.back().ends_with(": its framing is lost"));
    CHECK_EQ(driver.rejected(RejectReason::kTooLong), 1);
    REQUIRE(good.send(framed("{\"n\":1}") + framed("{\"n\":2}")));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 3; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 3));
    stop_and_check(driver);
}

TEST_CASE("tcp: metadata of the connection") {
    SourceSpec spec = tcp_spec();
    spec.format.wanted.push_back({{"peer"}, Type::string(), Metadata::kPeerAddress});
    spec.format.wanted.push_back({{"at"}, Type::timestamp_ltz(9), Metadata::kReceiveTime});
    spec.format.wanted.push_back({{"connection"}, Type::bigint(), Metadata::kConnectionId});
    spec.format.wanted.push_back({{"sequence"}, Type::bigint(), Metadata::kSequence});
    SourceDriver driver;
    REQUIRE_EQ(driver.open(spec), "");
    const TestSocket first = TestSocket::connect_tcp(driver.listening_on());
    const TestSocket second = TestSocket::connect_tcp(driver.listening_on());
    REQUIRE(first.send(number_lines(0, 1) + "bad\n" + number_lines(1, 1)));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 2; }));
    driver.now_ns += 5;
    REQUIRE(second.send(number_lines(2, 1)));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 3; }));
    const std::string left = "127.0.0.1:" + std::to_string(first.port());
    const std::string right = "127.0.0.1:" + std::to_string(second.port());
    CHECK_EQ(driver.outlet.strings(1), std::vector<std::string>{left, left, right});
    CHECK_EQ(driver.outlet.int64s(2),
             std::vector<std::int64_t>{driver.now_ns - 5, driver.now_ns - 5, driver.now_ns});
    CHECK_EQ(driver.outlet.int64s(3), std::vector<std::int64_t>{0, 0, 1});
    CHECK_EQ(driver.outlet.int64s(4), std::vector<std::int64_t>{0, 2, 0});
    stop_and_check(driver);
}

TEST_CASE("tcp: addresses in several forms") {
    struct Case {
        const char* text;
        const char* host;  // nullptr: no address.
        std::uint16_t port;
    };

    for (const Case& c : {Case{"127.0.0.1:9000", "127.0.0.1", 9000},
                          Case{"localhost:0", "localhost", 0},
                          Case{"[::1]:65535", "::1", 65535},
                          Case{"::1:80", nullptr, 0},
                          Case{"127.0.0.1", nullptr, 0},
                          Case{":9000", nullptr, 0},
                          Case{"a:", nullptr, 0},
                          Case{"a:65536", nullptr, 0},
                          Case{"a:9x", nullptr, 0},
                          Case{"[]:9", nullptr, 0},
                          Case{"", nullptr, 0}}) {
        CAPTURE(c.text);
        const Result<HostPort> parsed = parse_host_port(c.text);
        REQUIRE_EQ(parsed.has_value(), c.host != nullptr);
        if (!parsed) continue;
        CHECK_EQ(parsed->host, c.host);
        CHECK_EQ(parsed->port, c.port);
    }
}

}  // namespace
}  // namespace thalweg
