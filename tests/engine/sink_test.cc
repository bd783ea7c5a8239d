// Sinks: what reaches files and sockets, in which order, and what is said when it cannot.

#include "engine/sink/sink.h"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

namespace fs = std::filesystem;

// A folder of the test's own, gone at its end.
class Scratch {
  public:
    Scratch() {
        std::string pattern = (fs::temp_directory_path() / "thalweg-sink-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    ~Scratch() { fs::remove_all(path_); }

    [[nodiscard]] std::string operator/(const std::string& name) const {
        return (path_ / name).string();
    }

  private:
    fs::path path_;
};

SinkSpec spec(std::map<std::string, std::string> options) {
    SinkSpec result;
    result.name = "s";
    result.connector = options.at("connector");
    const auto format = options.find("format");
    result.format = format == options.end() ? "" : format->second;
    result.options = std::move(options);
    result.schema = make_schema({{"id", Type::bigint()}});
    return result;
}

std::unique_ptr<Sink> open_sink(const SinkSpec& spec) {
    auto sink = make_sink(spec, nullptr);
    REQUIRE_MESSAGE(sink.has_value(), (sink ? "" : sink.error().message));
    const auto opened = (*sink)->open();
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    return *std::move(sink);
}

// Writes ids first .. first + count - 1 as one view.
void write(Sink& sink, std::int64_t first, std::size_t count) {
    Batch batch(make_schema({{"id", Type::bigint()}}));
    for (std::size_t i = 0; i < count; ++i)
        batch.column(0).data<std::int64_t>()[i] = first + static_cast<std::int64_t>(i);
    batch.set_size(count);
    REQUIRE(sink.ready());
    REQUIRE(sink.write(batch.view()).has_value());
}

std::string lines(std::int64_t first, std::int64_t count) {
    std::string text;
    for (std::int64_t i = first; i < first + count; ++i)
        text += "{\"id\":" + std::to_string(i) + "}\n";
    return text;
}

std::string contents(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// A TCP socket of the test's side on a port of the kernel's choice.
class Socket {
  public:
    explicit Socket(int type) : descriptor_(::socket(AF_INET, type, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        socklen_t size = sizeof address;
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        timeval limit{5, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    ~Socket() { ::close(descriptor_); }

    [[nodiscard]] int descriptor() const { return descriptor_; }

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    int descriptor_;
    std::uint16_t port_ = 0;
};

std::string receive(int descriptor, std::size_t bytes) {
    std::string text;
    std::array<char, 4096> chunk{};
    while (text.size() < bytes) {
        const ssize_t count = ::recv(descriptor, chunk.data(), chunk.size(), 0);
        if (count <= 0) break;
        text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return text;
}

// Turns the sink until `done`, at most five seconds.
template <class Done>
bool turn(Sink& sink, Done done) {
    for (int i = 0; i < 5'000; ++i) {
        REQUIRE(sink.poll(0).has_value());
        if (done()) return true;
        ::usleep(1'000);
    }
    return false;
}

TEST_CASE("sink: one file is made anew and holds what was written") {
    const Scratch scratch;
    const std::string path = scratch / "out.jsonl";
    std::ofstream(path) << "old\n";
    const auto sink =
        open_sink(spec({{"connector", "filesystem"}, {"path", path}, {"format", "json"}}));
    write(*sink, 0, 1000);
    write(*sink, 1000, 24);
    REQUIRE(sink->close().has_value());
    CHECK_EQ(contents(path), lines(0, 1024));
    CHECK_EQ(sink->counters().rows, 1024);
    CHECK_EQ(sink->counters().bytes, lines(0, 1024).size());
}

TEST_CASE("sink: a start that fails leaves the file as it was") {
    const Scratch scratch;
    const std::string path = scratch / "out.jsonl";
    std::ofstream(path) << "old\n";
    {
        const auto sink =
            open_sink(spec({{"connector", "filesystem"}, {"path", path}, {"format", "json"}}));
    }
    CHECK_EQ(contents(path), "old\n");
}

TEST_CASE("sink: flush makes rows visible at the next poll") {
    const Scratch scratch;
    const std::string path = scratch / "out.jsonl";
    const auto sink =
        open_sink(spec({{"connector", "filesystem"}, {"path", path}, {"format", "json"}}));
    write(*sink, 0, 3);
    CHECK_EQ(contents(path), "");
    sink->flush();
    REQUIRE(sink->poll(0).has_value());
    CHECK_EQ(contents(path), lines(0, 3));
}

TEST_CASE("sink: rows become visible in a tenth of a second though nobody flushes") {
    const Scratch scratch;
    const std::string path = scratch / "out";
    auto sink = open_sink(spec({{"connector", "filesystem"}, {"format", "json"}, {"path", path}}));
    write(*sink, 1, 1);
    REQUIRE(sink->poll(1'000'000'000).has_value());
    REQUIRE(sink->poll(1'099'999'999).has_value());
    CHECK(fs::file_size(path) == 0);
    REQUIRE(sink->poll(1'100'000'000).has_value());
    CHECK(fs::file_size(path) == lines(1, 1).size());
}

TEST_CASE("sink: parts roll by size, appear whole, and number on behind what is there") {
    const Scratch scratch;
    const std::string directory = scratch / "parts/";
    fs::create_directories(directory);
    std::ofstream(directory + "part-00000041") << "older\n";
    const auto sink = open_sink(spec({{"connector", "filesystem"},
                                      {"path", directory},
                                      {"format", "json"},
                                      {"sink.rolling-policy.file-size", "1kb"}}));
    write(*sink, 0, 500);
    CHECK(fs::exists(directory + "part-00000042"));
    write(*sink, 500, 10);
    CHECK_FALSE(fs::exists(directory + "part-00000043"));
    CHECK(fs::exists(directory + ".part-00000043.inprogress"));
    REQUIRE(sink->close().has_value());
    CHECK_EQ(contents(directory + "part-00000042") + contents(directory + "part-00000043"),
             lines(0, 510));
    CHECK_FALSE(fs::exists(directory + ".part-00000043.inprogress"));
}

TEST_CASE("sink: parts roll by time") {
    const Scratch scratch;
    const std::string directory = scratch / "parts/";
    const auto sink = open_sink(spec({{"connector", "filesystem"},
                                      {"path", directory},
                                      {"format", "json"},
                                      {"sink.rolling-policy.rollover-interval", "1 s"}}));
    write(*sink, 0, 1);
    REQUIRE(sink->poll(1'000'000'000).has_value());
    CHECK_FALSE(fs::exists(directory + "part-00000000"));
    REQUIRE(sink->poll(2'000'000'000).has_value());
    CHECK_EQ(contents(directory + "part-00000000"), lines(0, 1));
    REQUIRE(sink->close().has_value());
}

TEST_CASE("sink: tcp connects when the peer comes up, and delivers all") {
    const Socket listener(SOCK_STREAM);
    const auto sink = open_sink(
        spec({{"connector", "tcp"}, {"address", listener.address()}, {"format", "json"}}));
    write(*sink, 0, 1000);  // Nobody listens yet.
    REQUIRE(sink->poll(0).has_value());
    REQUIRE_EQ(::listen(listener.descriptor(), 1), 0);
    std::string received;
    std::jthread peer([&] {
        const int connection = ::accept(listener.descriptor(), nullptr, nullptr);
        received = receive(connection, lines(0, 1000).size());
        ::close(connection);
    });
    REQUIRE(sink->close().has_value());
    peer.join();
    CHECK_EQ(received, lines(0, 1000));
}

TEST_CASE("sink: tcp says how many rows a peer that never came has cost") {
    const Socket closed(SOCK_STREAM);  // Bound, not listening.
    const auto sink =
        open_sink(spec({{"connector", "tcp"}, {"address", closed.address()}, {"format", "json"}}));
    write(*sink, 0, 7);
    const auto result = sink->close();
    REQUIRE_FALSE(result.has_value());
    CHECK_EQ(result.error().message,
             "sink 's': gave up on " + closed.address() + " with 7 rows unsent");
    CHECK_EQ(sink->counters().dropped, 7);
}

TEST_CASE("sink: tcp is not ready while a peer does not read, and bounded") {
    const Socket listener(SOCK_STREAM);
    REQUIRE_EQ(::listen(listener.descriptor(), 1), 0);
    const auto sink = open_sink(spec({{"connector", "tcp"},
                                      {"address", listener.address()},
                                      {"format", "json"},
                                      {"buffer", "64kb"}}));
    const int connection = ::accept(listener.descriptor(), nullptr, nullptr);
    std::int64_t written = 0;
    while (sink->ready() && written < 10'000'000) {
        write(*sink, written, 1000);
        written += 1000;
        REQUIRE(sink->poll(0).has_value());
    }
    CHECK_FALSE(sink->ready());
    const std::string expected = lines(0, written);
    std::string received;
    std::jthread peer([&] { received = receive(connection, expected.size()); });
    CHECK(turn(*sink, [&] { return sink->ready(); }));
    REQUIRE(sink->close().has_value());
    peer.join();
    ::close(connection);
    CHECK_EQ(received.size(), expected.size());
    CHECK(received == expected);
}

TEST_CASE("sink: every subscriber of a listening sink gets the rows since it came") {
    std::uint16_t port = 0;
    {
        port = Socket(SOCK_STREAM).port();
    }
    const auto sink = open_sink(spec({{"connector", "tcp"},
                                      {"mode", "listen"},
                                      {"address", "127.0.0.1:" + std::to_string(port)},
                                      {"format", "json"}}));
    write(*sink, 0, 5);
    CHECK_EQ(sink->counters().dropped, 5);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    std::vector<int> readers;
    for (int i = 0; i < 2; ++i) {
        readers.push_back(::socket(AF_INET, SOCK_STREAM, 0));
        REQUIRE_EQ(::connect(readers.back(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                   0);
    }
    // The first poll accepts both.
    std::int64_t next = 5;
    CHECK(turn(*sink, [&] {
        write(*sink, next, 1);
        ++next;
        return sink->counters().dropped == 5 && next > 20;
    }));
    REQUIRE(sink->close().has_value());
    for (const int reader : readers) {
        const std::string text = receive(reader, SIZE_MAX);
        CHECK(lines(0, next).ends_with(text));
        CHECK(text.ends_with(lines(next - 1, 1)));
        ::close(reader);
    }
}

// A socket connected to a unix socket, from its descriptor.
void connect_to(int fd, const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
}

SinkSpec unix_spec(const std::string& path) {
    return spec({{"connector", "unix"}, {"format", "json"}, {"mode", "listen"}, {"path", path}});
}

TEST_CASE("sink: a unix socket that is only planned, or in use, or a file, is left alone") {
    const Scratch scratch;
    const std::string path = scratch / "s";
    std::ofstream(path) << "precious";
    REQUIRE(check_sink(unix_spec(path)).has_value());
    CHECK(fs::file_size(path) == 8);
    {
        auto sink = make_sink(unix_spec(path), nullptr);
        CHECK_FALSE((*sink)->open().has_value());
    }
    CHECK(fs::file_size(path) == 8);
    fs::remove(path);
    auto first = open_sink(unix_spec(path));
    {
        auto second = make_sink(unix_spec(path), nullptr);
        CHECK_FALSE((*second)->open().has_value());
    }
    CHECK(fs::exists(path));
    REQUIRE(first->close().has_value());
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("sink: neither a subscriber that floods nor the want of descriptors keeps poll()") {
    const Scratch scratch;
    auto sink = open_sink(unix_spec(scratch / "s"));
    const int flooding = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const int waiting = ::socket(AF_UNIX, SOCK_STREAM, 0);
    connect_to(flooding, scratch / "s");
    REQUIRE(sink->poll(0).has_value());
    std::atomic<bool> is_over{false};
    std::thread flood([&] {
        const std::string bytes(65'536, 'x');
        while (!is_over)
            static_cast<void>(::send(flooding, bytes.data(), bytes.size(), MSG_DONTWAIT));
    });
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{3, before.rlim_max};
    connect_to(waiting, scratch / "s");
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    for (int i = 0; i < 100; ++i)
        CHECK(sink->poll(0).has_value());
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    is_over = true;
    flood.join();
    ::close(flooding);
    ::close(waiting);
}

TEST_CASE("sink: udp sends one record a datagram, or packs them") {
    for (const std::string framing : {"datagram", "newline"}) {
        CAPTURE(framing);
        const Socket peer(SOCK_DGRAM);
        const auto sink = open_sink(spec({{"connector", "udp"},
                                          {"address", peer.address()},
                                          {"format", "json"},
                                          {"framing", framing}}));
        write(*sink, 0, 20);
        REQUIRE(sink->close().has_value());
        std::string text;
        std::size_t datagrams = 0;
        std::array<char, 4096> chunk{};
        while (text.size() < (framing == "newline" ? lines(0, 20).size() : 10 * 8 + 10 * 9)) {
            const ssize_t count = ::recv(peer.descriptor(), chunk.data(), chunk.size(), 0);
            REQUIRE_GT(count, 0);
            text.append(chunk.data(), static_cast<std::size_t>(count));
            ++datagrams;
        }
        CHECK_EQ(datagrams, framing == "newline" ? 1 : 20);
        if (framing == "newline") CHECK_EQ(text, lines(0, 20));
    }
}

TEST_CASE("sink: errors name the option, its value, and what was meant") {
    struct Case {
        std::map<std::string, std::string> options;
        std::string message;
    };

    const std::vector<Case> cases = {
        {{{"connector", "tpc"}, {"format", "json"}},
         "unknown sink connector 'tpc' (did you mean 'tcp'?)"},
        {{{"connector", "tcp"}, {"format", "json"}}, "the tcp sink needs option 'address'"},
        {{{"connector", "tcp"}, {"format", "json"}, {"address", "nowhere"}},
         "option 'address' expects 'host:port' such as '127.0.0.1:9000', found 'nowhere'"},
        {{{"connector", "tcp"}, {"format", "json"}, {"adress", "x:1"}},
         "unknown option 'adress' of the tcp sink (did you mean 'address'?)"},
        {{{"connector", "filesystem"}, {"path", "x"}}, "the filesystem sink needs option 'format'"},
        {{{"connector", "filesystem"},
          {"path", "x/"},
          {"format", "json"},
          {"sink.rolling-policy.rollover-interval", "soon"}},
         "option 'sink.rolling-policy.rollover-interval' expects a duration such as '30 s', found "
         "'soon'"},
        {{{"connector", "udp"},
          {"format", "json"},
          {"address", "127.0.0.1:1"},
          {"max-datagram-bytes", "1mb"}},
         "option 'max-datagram-bytes' is larger than 65507"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.message);
        const auto result = check_sink(spec(c.options));
        REQUIRE_FALSE(result.has_value());
        CHECK_EQ(result.error().message, c.message);
    }
    const auto sink = make_sink(
        spec({{"connector", "filesystem"}, {"path", "/nowhere/at/all"}, {"format", "json"}}),
        nullptr);
    REQUIRE(sink.has_value());
    CHECK_EQ((*sink)->open().error().message,
             "cannot write /nowhere/at/all: No such file or directory");
}

}  // namespace
}  // namespace thalweg
