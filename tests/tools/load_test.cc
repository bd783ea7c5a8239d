// Whole loads against a reader of ours on the other end of the socket.

#include "tools/load/load.h"

#include "tests/support/test_socket.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace thalweg::load {
namespace {

LoadOptions options_to(const std::string& address) {
    LoadOptions options;
    options.target = parse_address(address).value();
    options.generate.format = WireFormat::kRawStruct;
    options.generate.extra = ExtraField::kIndex;
    return options;
}

LoadSummary run(const LoadOptions& options) {
    static const std::atomic<bool> kNever{false};
    auto summary = run_load(options, kNever, {});
    REQUIRE(summary);
    return *summary;
}

std::string read_to_end(const TestSocket& peer) {
    std::string all;
    std::vector<char> block(1 << 16);
    for (;;) {
        const ssize_t count = ::recv(peer.fd(), block.data(), block.size(), 0);
        if (count <= 0) return all;
        all.append(block.data(), static_cast<std::size_t>(count));
    }
}

// Reads `connections` streams to their ends.
std::vector<std::string> read_streams(const TestSocket& listener, std::size_t connections) {
    std::vector<TestSocket> peers;
    for (std::size_t i = 0; i < connections; ++i)
        peers.push_back(listener.accept());
    std::vector<std::string> streams(connections);
    std::vector<std::thread> readers;
    for (std::size_t i = 0; i < connections; ++i) {
        readers.emplace_back([&, i] {
            streams[i] = read_to_end(peers[i]);
            peers[i].close();
        });
    }
    for (std::thread& reader : readers)
        reader.join();
    return streams;
}

std::int64_t extra_at(const std::string& bytes, std::size_t index) {
    std::int64_t value = 0;
    std::memcpy(&value, bytes.data() + index * 32 + 24, 8);
    return value;
}

std::string tcp_address(const TestSocket& listener) {
    return "tcp://127.0.0.1:" + std::to_string(listener.port());
}

TEST_CASE("load: every record arrives over TCP, on one connection and on several") {
    for (const std::size_t connections : {1U, 3U}) {
        for (const std::size_t threads : {1U, 2U}) {
            const TestSocket listener = TestSocket::listen_tcp("127.0.0.1:0");
            LoadOptions options = options_to(tcp_address(listener));
            options.connections = connections;
            options.threads = threads;
            options.count = 100'000;
            std::vector<std::string> streams;
            std::thread reader([&] { streams = read_streams(listener, connections); });
            const LoadSummary summary = run(options);
            reader.join();
            std::size_t records = 0;
            for (const std::string& stream : streams) {
                REQUIRE_EQ(stream.size() % 32, 0);
                for (std::size_t i = 0; i < stream.size() / 32; ++i)
                    REQUIRE_EQ(extra_at(stream, i), i);
                records += stream.size() / 32;
            }
            CHECK_EQ(records, 100'000);
            CHECK_EQ(summary.totals.records, 100'000);
            CHECK_EQ(summary.totals.bytes, 3'200'000);
            CHECK_EQ(summary.totals.errors, 0);
            CHECK(summary.problems.empty());
        }
    }
}

TEST_CASE("load: a file arrives over a unix socket byte for byte") {
    const std::string path = "load_test.sock";
    ::unlink(path.c_str());
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    const TestSocket listener(::socket(AF_UNIX, SOCK_STREAM, 0));
    REQUIRE_EQ(::bind(listener.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    REQUIRE_EQ(::listen(listener.fd(), 8), 0);
    LoadOptions options = options_to("unix:" + path);
    const std::string log = std::string(THALWEG_SOURCE_DIR) + "/examples/data/access_log.jsonl";
    options.file = LoadedFile::open(log).value();
    std::vector<std::string> streams;
    std::thread reader([&] { streams = read_streams(listener, 1); });
    const LoadSummary summary = run(options);
    reader.join();
    ::unlink(path.c_str());
    CHECK(streams[0] == options.file->bytes());
    CHECK_EQ(summary.totals.records, 10'000);
}

// The datagrams of a load that fits the socket's buffer.
std::vector<std::string> datagrams_of(LoadOptions options) {
    const TestSocket socket(::socket(AF_INET, SOCK_DGRAM, 0));
    const sockaddr_in name = TestSocket::address("127.0.0.1:0");
    REQUIRE_EQ(::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    options.target = parse_address("udp://127.0.0.1:" + std::to_string(socket.port())).value();
    const LoadSummary summary = run(options);
    std::vector<std::string> datagrams;
    std::vector<char> block(1 << 16);
    for (;;) {
        const ssize_t count = ::recv(socket.fd(), block.data(), block.size(), MSG_DONTWAIT);
        if (count < 0) break;
        datagrams.emplace_back(block.data(), static_cast<std::size_t>(count));
    }
    CHECK_EQ(summary.totals.datagrams, datagrams.size());
    CHECK_EQ(summary.totals.errors, 0);
    return datagrams;
}

TEST_CASE("load: datagrams hold whole records, packed, cut by the kernel, or one each") {
    LoadOptions options = options_to("udp://127.0.0.1:1");
    options.count = 150;  // The buffer holds some 250 datagrams, however small.
    for (const double rate : {0.0, 100'000.0}) {
        options.rate = rate;
        std::string all;
        for (const std::string& datagram : datagrams_of(options)) {
            REQUIRE_LE(datagram.size(), 1400);
            REQUIRE_EQ(datagram.size() % 32, 0);
            all += datagram;
        }
        REQUIRE_EQ(all.size(), 4800);
        for (std::size_t i = 0; i < 150; ++i)
            REQUIRE_EQ(extra_at(all, i), i);
    }
    options.rate = 0;
    options.count = 100;
    options.one_per_datagram = true;
    CHECK_EQ(datagrams_of(options).size(), 100);
    options.generate.format = WireFormat::kCsv;
    for (const std::string& datagram : datagrams_of(options))
        CHECK_EQ(datagram.find('\n'), std::string::npos);
    options.one_per_datagram = false;
    const auto packed = datagrams_of(options);
    CHECK_LT(packed.size(), 10);
    for (const std::string& datagram : packed)
        CHECK(datagram.ends_with('\n'));
}

TEST_CASE("load: a fixed rate for a fixed time is a fixed count, in that time") {
    const TestSocket listener = TestSocket::listen_tcp("127.0.0.1:0");
    LoadOptions options = options_to(tcp_address(listener));
    options.rate = 20'000;
    options.duration_ns = 500'000'000;
    std::vector<std::string> streams;
    std::thread reader([&] { streams = read_streams(listener, 1); });
    const LoadSummary summary = run(options);
    reader.join();
    CHECK_EQ(streams[0].size(), 320'000);
    CHECK_EQ(summary.totals.records, 10'000);
    // Never early; late only by what a busy machine adds.
    CHECK_GE(summary.elapsed_ns, 499'000'000);
    CHECK_LE(summary.elapsed_ns, 1'500'000'000);
}

TEST_CASE("load: a stalled peer shows in the latency of everything that waited behind it") {
    const TestSocket listener = TestSocket::listen_tcp("127.0.0.1:0");
    const TestSocket sink = TestSocket::listen_tcp("127.0.0.1:0");
    LoadOptions options = options_to(tcp_address(listener));
    options.generate.extra = ExtraField::kTime;
    options.results = parse_address(tcp_address(sink)).value();
    options.result_layout.format = WireFormat::kRawStruct;
    options.results_timeout_ns = 300'000'000;
    options.rate = 2000;
    options.count = 1000;  // Half a second of them.
    std::thread echo([&] {
        TestSocket results = sink.accept();
        TestSocket input = listener.accept();
        // Nothing comes back before everything has been sent: the first record waited 500 ms.
        const std::string all = read_to_end(input);
        results.send(all);
    });
    const LoadSummary summary = run(options);
    echo.join();
    CHECK_EQ(summary.results, 1000);
    CHECK_EQ(summary.unreadable_results, 0);
    CHECK_GE(summary.latencies.back().latency_ns, 480'000'000);
    CHECK_GE(summary.latencies.front().latency_ns, 230'000'000);
}

TEST_CASE("load: nobody there, a peer that breaks, a stop") {
    static const std::atomic<bool> kNever{false};
    LoadOptions options = options_to("tcp://127.0.0.1:1");
    options.connect_timeout_ns = 50'000'000;
    const auto refused = run_load(options, kNever, {});
    REQUIRE_FALSE(refused);
    CHECK_EQ(refused.error().message, "cannot connect to tcp://127.0.0.1:1: Connection refused");

    const TestSocket listener = TestSocket::listen_tcp("127.0.0.1:0");
    options = options_to(tcp_address(listener));
    std::thread breaker([&] { listener.accept().reset(); });
    const LoadSummary broken = run(options);  // Without a limit: it ends because the peer did.
    breaker.join();
    CHECK_EQ(broken.totals.errors, 1);
    CHECK_EQ(broken.problems.size(), 1);

    std::atomic<bool> stop{false};
    std::vector<std::string> streams;
    std::thread reader([&] { streams = read_streams(listener, 1); });
    std::thread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        stop.store(true, std::memory_order_relaxed);
    });
    const auto stopped = run_load(options, stop, {});
    reader.join();
    stopper.join();
    REQUIRE(stopped);
    CHECK(stopped->was_stopped);
    CHECK_EQ(streams[0].size(), stopped->totals.bytes);
    CHECK_EQ(streams[0].size() % 32, 0);
}

TEST_CASE("load: addresses") {
    CHECK_EQ(parse_address("tcp://[::1]:9000")->host, "::1");
    CHECK_EQ(parse_address("udp://example.org:1")->port, "1");
    CHECK_EQ(parse_address("unix:/tmp/a b")->host, "/tmp/a b");
    for (const char* text : {"tcp://a", "tcp://:1", "tcp://a:0", "tcp://a:65536", "http://a:1", ""})
        CHECK_FALSE(parse_address(text));
}

}  // namespace
}  // namespace thalweg::load
