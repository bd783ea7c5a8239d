#include "engine/sink/encoder.h"
#include "engine/sink/network_sink.h"
#include "engine/sink/sink_options.h"
#include "state/text/number.h"

#include <boost/asio.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <utility>

// Asio runs on the merge agent's thread only: each sink has an io_context that poll() turns, and
// handlers touch nothing but their sink, which outlives the context.

namespace thalweg {

namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds kBackoffFirst{50};
constexpr milliseconds kBackoffMax{5'000};
constexpr std::chrono::seconds kCloseWait{5};
constexpr std::uint64_t kBufferBytes = 4U << 20U;
constexpr int kBacklog = 128;
constexpr milliseconds kAcceptPause{100};
constexpr int kHandlersMax = 256;  // In one poll(): a peer that sends and sends shall not keep us.

// Encoded rows as they wait for a peer.
struct Chunk {
    std::shared_ptr<const std::string> bytes;
    std::uint64_t rows = 0;
};

// What a socket still has to take, written one chunk at a time.
struct Outbox {
    std::deque<Chunk> chunks;
    std::uint64_t bytes = 0;
    bool is_writing = false;

    void push(Chunk chunk) {
        bytes += chunk.bytes->size();
        chunks.push_back(std::move(chunk));
    }

    void pop() {
        bytes -= chunks.front().bytes->size();
        chunks.pop_front();
    }

    [[nodiscard]] std::uint64_t rows() const {
        std::uint64_t total = 0;
        for (const Chunk& chunk : chunks)
            total += chunk.rows;
        return total;
    }
};

// Where a stream sink goes or listens.
struct Target {
    std::string text;  // For messages: "127.0.0.1:9001", "/run/x.sock".
    std::string host;
    std::uint16_t port = 0;
    std::string path;  // Of unix; else empty.
};

class StreamSink : public Sink {
  public:
    StreamSink(std::string name,
               Target target,
               std::uint64_t limit_bytes,
               std::unique_ptr<Encoder> encoder,
               SinkEvent event)
        : name_(std::move(name)),
          target_(std::move(target)),
          limit_bytes_(limit_bytes),
          encoder_(std::move(encoder)),
          event_(std::move(event)) {}

    Result<void> poll(std::int64_t now_ns) override {
        static_cast<void>(now_ns);
        context_.restart();
        for (int i = 0; i < kHandlersMax && context_.poll_one() != 0; ++i) {
        }
        return {};
    }

    void flush() override {}

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  protected:
    [[nodiscard]] Result<Chunk> encode(const BatchView& rows) {
        auto bytes = std::make_shared<std::string>();
        TRY_VOID(encoder_->encode(rows, *bytes));
        counters_.rows += rows.size();
        counters_.bytes += bytes->size();
        return Chunk{std::move(bytes), rows.size()};
    }

    [[nodiscard]] Result<Protocol::endpoint> endpoint() {
        if (!target_.path.empty())
            return Protocol::endpoint(asio::local::stream_protocol::endpoint(target_.path));
        error_code error;
        const auto address = asio::ip::make_address(target_.host, error);
        if (!error) return Protocol::endpoint(asio::ip::tcp::endpoint(address, target_.port));
        asio::ip::tcp::resolver resolver(context_);
        const auto found = resolver.resolve(target_.host, std::to_string(target_.port), error);
        if (error || found.empty())
            return fail(
                Code::kInvalid,
                "sink '" + name_ + "': cannot resolve '" + target_.host + "': " + error.message());
        return Protocol::endpoint(found.begin()->endpoint());
    }

    void say(const std::string& text) const {
        if (event_) event_("sink '" + name_ + "': " + text);
    }

    // Lets handlers run until `done` or the time to close is over.
    template <class Done>
    void run_until(Done done) {
        bool is_over = false;
        asio::steady_timer deadline(context_, kCloseWait);
        deadline.async_wait([&](error_code cancelled) { is_over = !cancelled; });
        context_.restart();
        while (!done() && !is_over)
            context_.run_one();
        deadline.cancel();
        context_.poll();
    }

    std::string name_;
    Target target_;
    std::uint64_t limit_bytes_;
    std::unique_ptr<Encoder> encoder_;
    SinkEvent event_;
    SinkCounters counters_;
    asio::io_context context_{1};
};

class ConnectSink final : public StreamSink {
  public:
    using StreamSink::StreamSink;

    ~ConnectSink() override {
        error_code ignored;
        socket_.close(ignored);
        timer_.cancel();
        drain();
    }

    [[nodiscard]] Result<void> open() override {
        TRY(endpoint_, endpoint());
        connect();
        return {};
    }

    [[nodiscard]] bool ready() override { return outbox_.bytes < limit_bytes_; }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        if (rows.selection.empty()) return {};
        TRY(Chunk chunk, encode(rows));
        outbox_.push(std::move(chunk));
        write_next();
        return {};
    }

    // A chunk leaves the outbox when the kernel has taken all of it.
    [[nodiscard]] bool is_drained() const override { return outbox_.chunks.empty(); }

    [[nodiscard]] Result<void> close() override {
        run_until([&] { return is_drained(); });
        const std::uint64_t lost = outbox_.rows();
        counters_.dropped += lost;
        error_code ignored;
        socket_.shutdown(Protocol::socket::shutdown_send, ignored);
        socket_.close(ignored);
        timer_.cancel();
        drain();
        if (lost == 0) return {};
        return fail(Code::kIo,
                    "sink '" + name_ + "': gave up on " + target_.text + " with " +
                        std::to_string(lost) + " rows unsent");
    }

  private:
    void drain() {
        is_closed_ = true;
        context_.restart();
        context_.poll();
    }

    void connect() {
        error_code ignored;
        socket_.close(ignored);
        socket_.async_connect(endpoint_, [this](error_code error) {
            if (is_closed_) return;
            if (error) {
                retry(error);
                return;
            }
            is_connected_ = true;
            backoff_ = kBackoffFirst;
            has_complained_ = false;
            say("connected to " + target_.text);
            if (target_.path.empty()) {
                error_code no_delay;
                socket_.set_option(asio::ip::tcp::no_delay(true), no_delay);
            }
            watch();
            write_next();
        });
    }

    void retry(const error_code& error) {
        is_connected_ = false;
        if (!has_complained_)
            say("cannot reach " + target_.text + " (" + error.message() + "), trying again");
        has_complained_ = true;
        timer_.expires_after(backoff_);
        backoff_ = std::min(backoff_ * 2, kBackoffMax);
        timer_.async_wait([this](error_code cancelled) {
            if (!cancelled && !is_closed_) connect();
        });
    }

    // A peer sends nothing; reading tells when it goes.
    void watch() {
        socket_.async_read_some(asio::buffer(scrap_), [this](error_code error, std::size_t) {
            if (is_closed_ || !is_connected_) return;
            if (!error) {
                watch();
                return;
            }
            if (!outbox_.is_writing) lose(error);
        });
    }

    void lose(const error_code& error) {
        is_connected_ = false;
        error_code ignored;
        socket_.close(ignored);
        retry(error);
    }

    void write_next() {
        if (!is_connected_ || outbox_.is_writing || outbox_.chunks.empty()) return;
        outbox_.is_writing = true;
        const auto bytes = outbox_.chunks.front().bytes;
        asio::async_write(
            socket_, asio::buffer(*bytes), [this, bytes](error_code error, std::size_t) {
                outbox_.is_writing = false;
                if (is_closed_) return;
                if (error) {
                    lose(error);
                    return;
                }
                outbox_.pop();
                write_next();
            });
    }

    Protocol::endpoint endpoint_;
    Protocol::socket socket_{context_};
    asio::steady_timer timer_{context_};
    milliseconds backoff_ = kBackoffFirst;
    bool is_connected_ = false;
    bool is_closed_ = false;
    bool has_complained_ = false;
    Outbox outbox_;
    std::array<char, 256> scrap_{};
};

class ListenSink final : public StreamSink {
  public:
    ListenSink(std::string name,
               Target target,
               std::uint64_t limit_bytes,
               std::unique_ptr<Encoder> encoder,
               SinkEvent event,
               bool blocks)
        : StreamSink(std::move(name),
                     std::move(target),
                     limit_bytes,
                     std::move(encoder),
                     std::move(event)),
          blocks_(blocks) {}

    ~ListenSink() override { shut(); }

    [[nodiscard]] Result<void> open() override {
        TRY(const Protocol::endpoint endpoint, this->endpoint());
        if (!target_.path.empty()) remove_stale(endpoint);
        error_code error;
        acceptor_.open(endpoint.protocol(), error);
        if (!error && target_.path.empty())
            acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) {
            acceptor_.bind(endpoint, error);
            is_bound_ = !error;
        }
        if (!error) acceptor_.listen(kBacklog, error);
        if (error)
            return fail(
                Code::kIo,
                "sink '" + name_ + "': cannot listen on " + target_.text + ": " + error.message());
        say("listening on " + listening_text());
        accept();
        return {};
    }

    [[nodiscard]] bool ready() override {
        return !blocks_ || std::all_of(peers_.begin(), peers_.end(), [&](const auto& peer) {
            return peer->outbox.bytes < limit_bytes_;
        });
    }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        if (rows.selection.empty()) return {};
        TRY(const Chunk chunk, encode(rows));
        if (peers_.empty()) counters_.dropped += chunk.rows;
        for (const auto& peer : std::vector(peers_)) {
            peer->outbox.push(chunk);
            if (!blocks_ && peer->outbox.bytes > limit_bytes_) {
                say("a subscriber cannot follow and is disconnected");
                remove(peer);
                continue;
            }
            write_next(peer);
        }
        return {};
    }

    // Nobody waits for a subscriber who may be disconnected for being slow.
    [[nodiscard]] bool is_drained() const override { return !blocks_ || is_sent(); }

    [[nodiscard]] Result<void> close() override {
        run_until([&] { return is_sent(); });
        for (const auto& peer : peers_)
            counters_.dropped += peer->outbox.rows();
        shut();
        return {};
    }

  private:
    struct Peer {
        explicit Peer(Protocol::socket connected) : socket(std::move(connected)) {}

        Protocol::socket socket;
        Outbox outbox;
        std::array<char, 256> scrap{};
    };

    using PeerPtr = std::shared_ptr<Peer>;

    [[nodiscard]] bool is_sent() const {
        return std::all_of(peers_.begin(), peers_.end(), [](const auto& peer) {
            return peer->outbox.chunks.empty();
        });
    }

    // Removes the socket file of a process that is gone, and nothing but a socket.
    void remove_stale(const Protocol::endpoint& endpoint) {
        struct stat status{};
        const bool is_there = ::lstat(target_.path.c_str(), &status) == 0;
        if (!is_there || !S_ISSOCK(status.st_mode)) return;
        Protocol::socket probe(context_);
        error_code error;
        probe.connect(endpoint, error);
        if (error == asio::error::connection_refused) ::unlink(target_.path.c_str());
    }

    void shut() {
        is_closed_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        accept_timer_.cancel();
        for (const auto& peer : peers_)
            peer->socket.close(ignored);
        peers_.clear();
        context_.restart();
        context_.poll();
        if (!target_.path.empty() && std::exchange(is_bound_, false))
            ::unlink(target_.path.c_str());
    }

    // With the port that the kernel chose, where it was to choose one.
    [[nodiscard]] std::string listening_text() {
        if (!target_.path.empty() || target_.port != 0) return target_.text;
        error_code error;
        const Protocol::endpoint local = acceptor_.local_endpoint(error);
        sockaddr_in address{};  // The port stands where IPv6 has it too.
        std::memcpy(&address, local.data(), std::min(sizeof address, local.size()));
        const std::string host = target_.text.substr(0, target_.text.rfind(':') + 1);
        return host + std::to_string(ntohs(address.sin_port));
    }

    void accept() {
        acceptor_.async_accept(incoming_, [this](error_code error) {
            if (is_closed_) return;
            if (!error) {
                if (target_.path.empty()) {
                    error_code ignored;
                    incoming_.set_option(asio::ip::tcp::no_delay(true), ignored);
                }
                peers_.push_back(std::make_shared<Peer>(std::move(incoming_)));
                incoming_ = Protocol::socket(context_);
                watch(peers_.back());
                accept();
                return;
            }
            // Out of descriptors, most likely: the next attempt would fail at once.
            accept_timer_.expires_after(kAcceptPause);
            accept_timer_.async_wait([this](error_code cancelled) {
                if (!cancelled && !is_closed_) accept();
            });
        });
    }

    void watch(const PeerPtr& peer) {
        peer->socket.async_read_some(asio::buffer(peer->scrap),
                                     [this, peer](error_code error, std::size_t) {
                                         if (is_closed_) return;
                                         if (error) {
                                             remove(peer);
                                         } else {
                                             watch(peer);
                                         }
                                     });
    }

    void remove(const PeerPtr& peer) {
        const auto found = std::find(peers_.begin(), peers_.end(), peer);
        if (found == peers_.end()) return;
        counters_.dropped += peer->outbox.rows();
        error_code ignored;
        peer->socket.close(ignored);
        peers_.erase(found);
    }

    void write_next(const PeerPtr& peer) {
        if (peer->outbox.is_writing || peer->outbox.chunks.empty()) return;
        peer->outbox.is_writing = true;
        const auto bytes = peer->outbox.chunks.front().bytes;
        asio::async_write(
            peer->socket, asio::buffer(*bytes), [this, peer, bytes](error_code error, std::size_t) {
                peer->outbox.is_writing = false;
                if (is_closed_) return;
                if (error) {
                    remove(peer);
                    return;
                }
                peer->outbox.pop();
                write_next(peer);
            });
    }

    bool blocks_;
    bool is_closed_ = false;
    bool is_bound_ = false;  // The file of a unix socket is ours.
    asio::basic_socket_acceptor<Protocol> acceptor_{context_};
    asio::steady_timer accept_timer_{context_};
    Protocol::socket incoming_{context_};
    std::vector<PeerPtr> peers_;
};

Result<Target> read_target(const SinkSpec& spec) {
    if (spec.connector == "unix") {
        TRY(std::string path, required_option(spec, "path"));
        constexpr std::size_t kPathMax = 107;
        if (path.size() > kPathMax)
            return fail(Code::kInvalid, "option 'path' is longer than a unix socket's 107 bytes");
        return Target{path, "", 0, path};
    }
    TRY(const std::string text, required_option(spec, "address"));
    TRY(HostPort address, parse_address(text));
    return Target{text, std::move(address.host), address.port, ""};
}

}  // namespace

Result<HostPort> parse_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const auto bad = [&] {
        return fail(
            Code::kInvalid,
            "option 'address' expects 'host:port' such as '127.0.0.1:9000', found '" + text + "'");
    };
    if (colon == std::string::npos || colon == 0) return bad();
    const auto port = parse_int64(std::string_view(text).substr(colon + 1));
    if (!port || *port < 0 || *port > 65'535) return bad();
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "*") host = "0.0.0.0";
    return HostPort{std::move(host), static_cast<std::uint16_t>(*port)};
}

Result<std::unique_ptr<Sink>> make_stream_sink(const SinkSpec& spec, SinkEvent event) {
    static constexpr std::array<std::string_view, 6> kKnown = {
        "address", "path", "mode", "framing", "buffer", "overload.policy"};
    static constexpr std::array<std::string_view, 2> kModes = {"connect", "listen"};
    static constexpr std::array<std::string_view, 2> kPolicies = {"disconnect", "block"};
    TRY_VOID(check_known(spec, kKnown));
    TRY(Target target, read_target(spec));
    TRY(const std::string_view mode, choice_option(spec, "mode", kModes));
    TRY(const std::string_view policy, choice_option(spec, "overload.policy", kPolicies));
    TRY(const std::uint64_t limit, size_option(spec, "buffer", kBufferBytes));
    TRY(const RecordFraming framing, framing_option(spec));
    TRY(auto encoder, make_encoder(spec, framing));
    if (mode == "connect")
        return std::make_unique<ConnectSink>(
            spec.name, std::move(target), limit, std::move(encoder), std::move(event));
    return std::make_unique<ListenSink>(spec.name,
                                        std::move(target),
                                        limit,
                                        std::move(encoder),
                                        std::move(event),
                                        policy == "block");
}

}  // namespace thalweg
