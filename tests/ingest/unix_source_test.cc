// Unix stream sockets. What they share with TCP is tested there.

#include "ingest/source.h"
#include "tests/support/source_driver.h"
#include "tests/support/test_socket.h"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace thalweg {
namespace {

namespace fs = std::filesystem;

std::string socket_path() {
    return (fs::temp_directory_path() / ("thalweg_unix_" + std::to_string(::getpid()))).string();
}

TEST_CASE("unix: rows from a connection, and the balance after a stop") {
    const std::string path = socket_path();
    SourceDriver driver;
    REQUIRE_EQ(driver.open(numbers_spec("unix", {{"path", path}})), "");
    CHECK_EQ(driver.listening_on(), path);
    const TestSocket peer = TestSocket::connect_unix(path);
    REQUIRE(peer.send(number_lines(0, 1000) + "bad\n{\"n\":"));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 1000; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 1000));
    driver.source->stop();
    CHECK(driver.run_to_end());
    driver.check_balance();
    CHECK_EQ(driver.rejected(RejectReason::kMalformed), 1);
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("unix: a path in use is an error, a stale socket is replaced, a file is not") {
    const std::string path = socket_path() + "_stale";
    SourceDriver first;
    REQUIRE_EQ(first.open(numbers_spec("unix", {{"path", path}})), "");
    SourceDriver second;
    CHECK_EQ(second.open(numbers_spec("unix", {{"path", path}})),
             "cannot listen on " + path + ": Address already in use");
    first.source->stop();
    {
        // A process that died without removing its socket.
        const std::string stale = path + "2";
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        stale.copy(name.sun_path, sizeof name.sun_path - 1);
        const TestSocket dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        REQUIRE_EQ(::bind(dead.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    }
    SourceDriver third;
    CHECK_EQ(third.open(numbers_spec("unix", {{"path", path + "2"}})), "");
    const std::string file = path + "3";
    std::ofstream(file) << "precious";
    SourceDriver fourth;
    CHECK_EQ(fourth.open(numbers_spec("unix", {{"path", file}})),
             "cannot listen on " + file + ": Address already in use");
    CHECK_EQ(fs::file_size(file), 8);
    fs::remove(file);
}

}  // namespace
}  // namespace thalweg
