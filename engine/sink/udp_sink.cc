#include "engine/sink/encoder.h"
#include "engine/sink/network_sink.h"
#include "engine/sink/sink_options.h"

#include <boost/asio.hpp>

#include <array>
#include <utility>

namespace thalweg {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class UdpSink final : public Sink {
  public:
    UdpSink(std::string name,
            HostPort address,
            std::size_t datagram_bytes_max,
            bool is_packed,
            std::unique_ptr<Encoder> encoder)
        : name_(std::move(name)),
          address_(std::move(address)),
          datagram_bytes_max_(datagram_bytes_max),
          is_packed_(is_packed),
          encoder_(std::move(encoder)) {}

    [[nodiscard]] Result<void> open() override {
        error_code error;
        asio::ip::udp::resolver resolver(context_);
        const auto found = resolver.resolve(address_.host, std::to_string(address_.port), error);
        if (error || found.empty())
            return fail(
                Code::kInvalid,
                "sink '" + name_ + "': cannot resolve '" + address_.host + "': " + error.message());
        const asio::ip::udp::endpoint peer = *found.begin();
        socket_.open(peer.protocol(), error);
        if (!error) socket_.connect(peer, error);
        if (error) return fail(Code::kIo, "sink '" + name_ + "': cannot send: " + error.message());
        return {};
    }

    [[nodiscard]] bool ready() override { return true; }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            record_.clear();
            TRY_VOID(encoder_->encode(rows.with(rows.selection.slice(i, 1)), record_));
            ++counters_.rows;
            counters_.bytes += record_.size();
            if (!is_packed_ || datagram_.size() + record_.size() > datagram_bytes_max_) send();
            datagram_ += record_;
            ++datagram_rows_;
            if (!is_packed_) send();
        }
        return {};
    }

    Result<void> poll(std::int64_t now_ns) override {
        static_cast<void>(now_ns);
        return {};
    }

    void flush() override { send(); }

    [[nodiscard]] Result<void> close() override {
        send();
        return {};
    }

    [[nodiscard]] bool is_drained() const override { return datagram_.empty(); }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    // A connected socket reports the port unreachable of an earlier datagram on a later call: the
    // datagram of that call was not sent, and it is tried once more.
    void send() {
        if (datagram_.empty()) return;
        error_code error;
        socket_.send(asio::buffer(datagram_), 0, error);
        if (error == asio::error::connection_refused)
            socket_.send(asio::buffer(datagram_), 0, error);
        if (error) counters_.dropped += datagram_rows_;
        datagram_.clear();
        datagram_rows_ = 0;
    }

    std::string name_;
    HostPort address_;
    std::size_t datagram_bytes_max_;
    bool is_packed_;
    std::unique_ptr<Encoder> encoder_;
    asio::io_context context_{1};
    asio::ip::udp::socket socket_{context_};
    std::string record_;
    std::string datagram_;
    std::uint64_t datagram_rows_ = 0;
    SinkCounters counters_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_udp_sink(const SinkSpec& spec) {
    static constexpr std::array<std::string_view, 3> kKnown = {
        "address", "framing", "max-datagram-bytes"};
    static constexpr std::array<std::string_view, 3> kFramings = {"datagram", "newline", "fixed"};
    TRY_VOID(check_known(spec, kKnown));
    TRY(const std::string text, required_option(spec, "address"));
    TRY(HostPort address, parse_address(text));
    TRY(const std::string_view framing, choice_option(spec, "framing", kFramings));
    constexpr std::uint64_t kPayloadDefault = 1'400;
    constexpr std::uint64_t kPayloadMax = 65'507;
    TRY(const std::uint64_t bytes, size_option(spec, "max-datagram-bytes", kPayloadDefault));
    if (bytes > kPayloadMax)
        return fail(Code::kInvalid, "option 'max-datagram-bytes' is larger than 65507");
    const RecordFraming between =
        framing == "newline" ? RecordFraming::kNewline : RecordFraming::kNone;
    TRY(auto encoder, make_encoder(spec, between));
    return std::make_unique<UdpSink>(
        spec.name, std::move(address), bytes, framing != "datagram", std::move(encoder));
}

}  // namespace thalweg
