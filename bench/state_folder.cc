#include "bench/state_folder.h"

#include "state/store/real_disk.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace thalweg::bench {

namespace fs = std::filesystem;

Result<std::unique_ptr<StateFolder>> StateFolder::make() {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "thalweg-bench-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr)
        return fail(Code::kIo, "cannot make the folder " + path);
    return std::unique_ptr<StateFolder>(new StateFolder(std::move(path)));
}

StateFolder::~StateFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
}

Result<std::unique_ptr<StoreOfRun>> StoreOfRun::make(bool may_be_memory) {
    std::unique_ptr<StoreOfRun> run(new StoreOfRun());
    TRY(run->folder_, StateFolder::make());
    TRY(run->disk_, open_real_disk(run->folder_->path(), false));
    StoreOptions options;
    options.created_by = "thalweg bench";
    options.owner = "thalweg bench";
    options.accept_file_system = may_be_memory;
    TRY(Store store, Store::open(*run->disk_, options));
    run->store_.emplace(std::move(store));
    return run;
}

std::uint64_t bytes_written() {
    std::ifstream file("/proc/self/io");
    std::string name;
    std::uint64_t bytes = 0;
    while (file >> name >> bytes) {
        if (name == "wchar:") return bytes;
    }
    return 0;
}

}  // namespace thalweg::bench
