// Runs a fuzz target over every file of its corpus, without a fuzzer: what once broke stays fixed,
// in every build. Usage: NAME_fuzz CORPUS-FOLDER; a corpus that is missing or empty is an error.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argument_count, char** arguments) {
    std::error_code error;
    std::size_t replayed = 0;
    if (argument_count == 2) {
        for (const fs::directory_entry& entry : fs::directory_iterator(arguments[1], error)) {
            const std::string input = read_file(entry.path());
            std::fprintf(stderr, "%s\n", entry.path().c_str());
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()),
                                   input.size());
            ++replayed;
        }
    }
    if (replayed > 0) return 0;
    std::fprintf(stderr, "usage: %s CORPUS-FOLDER, one with files in it\n", arguments[0]);
    return 1;
}
