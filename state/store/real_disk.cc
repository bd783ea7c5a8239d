#include "state/store/real_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace thalweg {
namespace {

// An open file descriptor; closed when it goes.
class Descriptor {
  public:
    explicit Descriptor(int value) noexcept : value_(value) {}

    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;

    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }

    [[nodiscard]] int get() const noexcept { return value_; }

    [[nodiscard]] bool is_open() const noexcept { return value_ >= 0; }

  private:
    int value_;
};

// What errno says about `operation` on `path`.
tl::unexpected<Error> system_error(std::string_view operation, std::string_view path) {
    const int number = errno;
    const bool full = number == ENOSPC || number == EDQUOT;
    const char* const name = strerrorname_np(number);
    return fail(full ? Code::kFull : Code::kIo,
                std::string(operation) + " " + std::string(path) + ": " + strerrordesc_np(number) +
                    " (" + (name == nullptr ? "?" : name) + ")");
}

// A sync that failed for want of room is no better than any other: what is on the disk is unknown.
tl::unexpected<Error> sync_error(std::string_view operation, std::string_view path) {
    auto error = system_error(operation, path);
    error.value().code = Code::kIo;
    return error;
}

// Calls again what a signal interrupted.
template <class Call>
auto retry(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR)
        result = call();
    return result;
}

class RealFile final : public DiskFile {
  public:
    RealFile(Descriptor descriptor, std::string path)
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        const ssize_t written = retry([&] {
            return ::pwrite(
                descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        });
        if (written < 0) return system_error("write", path_);
        return static_cast<std::size_t>(written);
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> target) const override {
        const ssize_t got = retry([&] {
            return ::pread(
                descriptor_.get(), target.data(), target.size(), static_cast<off_t>(offset));
        });
        if (got < 0) return system_error("read", path_);
        return static_cast<std::size_t>(got);
    }

    Result<std::uint64_t> size() const override {
        struct stat status{};
        if (::fstat(descriptor_.get(), &status) != 0) return system_error("fstat", path_);
        return static_cast<std::uint64_t>(status.st_size);
    }

    Result<void> truncate(std::uint64_t size) override {
        const int result =
            retry([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); });
        if (result != 0) return system_error("truncate", path_);
        return {};
    }

    // Never called again, not even after EINTR: see the contract of the seam.
    Result<void> sync() override {
        if (::fdatasync(descriptor_.get()) != 0) return sync_error("fdatasync", path_);
        return {};
    }

    [[nodiscard]] const std::string& path() const override { return path_; }

  private:
    Descriptor descriptor_;
    std::string path_;
};

class RealLock final : public DiskLock {
  public:
    explicit RealLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  private:
    Descriptor descriptor_;
};

// File systems that are no place for a store: by the numbers of statfs(2).
struct KnownFileSystem {
    std::uint32_t magic;
    const char* name;
    bool survives_power;
    bool is_local;
};

constexpr std::array kFileSystems = {
    KnownFileSystem{0x01021994U, "tmpfs", false, true},
    KnownFileSystem{0x858458f6U, "ramfs", false, true},
    KnownFileSystem{0x00006969U, "NFS", true, false},
    KnownFileSystem{0xff534d42U, "CIFS", true, false},
    KnownFileSystem{0xfe534d42U, "SMB", true, false},
    KnownFileSystem{0x01021997U, "9P", true, false},
    KnownFileSystem{0x5346414fU, "AFS", true, false},
    KnownFileSystem{0x00c36400U, "CephFS", true, false},
};

// Who may use the files, and whether a link may stand for one.
struct Access {
    int flags;
    mode_t file_mode;
    mode_t directory_mode;
};

constexpr Access kOwnerAlone{O_NOFOLLOW, 0600, 0700};
constexpr Access kShared{0, 0666, 0777};  // Less the umask.

class RealDisk final : public Disk {
  public:
    RealDisk(Descriptor directory, std::string path, Access access)
        : directory_(std::move(directory)), path_(std::move(path)), access_(access) {}

    Result<std::unique_ptr<DiskFile>> create(std::string_view name) override {
        return open_file("create", name, O_RDWR | O_CREAT | O_EXCL);
    }

    Result<std::unique_ptr<DiskFile>> open(std::string_view name) const override {
        return open_file("open", name, O_RDONLY);
    }

    Result<std::unique_ptr<DiskFile>> open_to_write(std::string_view name) override {
        return open_file("open", name, O_RDWR);
    }

    Result<void> rename(std::string_view source, std::string_view target) override {
        const int directory = directory_.get();
        const int result = ::renameat(
            directory, std::string(source).c_str(), directory, std::string(target).c_str());
        if (result != 0) return system_error("rename", file_path(source));
        return {};
    }

    Result<void> unlink(std::string_view name) override {
        if (::unlinkat(directory_.get(), std::string(name).c_str(), 0) != 0) {
            return system_error("unlink", file_path(name));
        }
        return {};
    }

    Result<void> sync_directory() override {
        if (::fsync(directory_.get()) != 0) return sync_error("fsync", path_);
        return {};
    }

    Result<std::vector<std::string>> list() const override;

    Result<std::unique_ptr<DiskLock>> lock(std::string_view name, std::string_view owner) override;

    Result<FileSystem> file_system() const override {
        struct statfs status{};
        if (::fstatfs(directory_.get(), &status) != 0) return system_error("statfs", path_);
        const auto magic = static_cast<std::uint32_t>(status.f_type);
        for (const KnownFileSystem& known : kFileSystems) {
            if (known.magic == magic)
                return FileSystem{known.name, known.survives_power, known.is_local};
        }
        return FileSystem{"a local file system", true, true};
    }

    [[nodiscard]] const std::string& path() const override { return path_; }

  private:
    [[nodiscard]] std::string file_path(std::string_view name) const {
        return path_ + "/" + std::string(name);
    }

    [[nodiscard]] Result<std::unique_ptr<DiskFile>> open_file(std::string_view operation,
                                                              std::string_view name,
                                                              int flags) const {
        // Nothing is waited for: a pipe would wait for its other end.
        const int all_flags = flags | access_.flags | O_CLOEXEC | O_NONBLOCK;
        Descriptor descriptor(retry([&] {
            return ::openat(
                directory_.get(), std::string(name).c_str(), all_flags, access_.file_mode);
        }));
        if (!descriptor.is_open()) return system_error(operation, file_path(name));
        struct stat status{};
        if (::fstat(descriptor.get(), &status) != 0) return system_error("fstat", file_path(name));
        if (!S_ISREG(status.st_mode)) {
            return fail(Code::kIo, "open " + file_path(name) + ": it is not a regular file");
        }
        return std::make_unique<RealFile>(std::move(descriptor), file_path(name));
    }

    Descriptor directory_;
    std::string path_;
    Access access_;
};

Result<std::vector<std::string>> RealDisk::list() const {
    // A description of its own: the position of reading is not shared.
    const int number = ::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (number < 0) return system_error("open", path_);
    DIR* const stream = ::fdopendir(number);  // Owns the number from here on.
    if (stream == nullptr) {
        ::close(number);
        return system_error("list", path_);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* const entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(stream);
    errno = error;
    if (error != 0) return system_error("list", path_);
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::unique_ptr<DiskLock>> RealDisk::lock(std::string_view name, std::string_view owner) {
    const std::string path = file_path(name);
    Descriptor descriptor(::openat(directory_.get(),
                                   std::string(name).c_str(),
                                   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                                   0600));
    if (!descriptor.is_open()) return system_error("open", path);
    struct flock range{};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    if (::fcntl(descriptor.get(), F_OFD_SETLK, &range) != 0) {
        if (errno != EAGAIN && errno != EACCES) return system_error("lock", path);
        std::array<char, 128> holder{};
        const ssize_t got = ::pread(descriptor.get(), holder.data(), holder.size(), 0);
        const std::string who = got > 0 ? std::string(holder.data(), static_cast<std::size_t>(got))
                                        : std::string("another process");
        return fail(Code::kInvalid, path + " is locked by " + who);
    }
    const bool written = ::ftruncate(descriptor.get(), 0) == 0 &&
                         ::pwrite(descriptor.get(), owner.data(), owner.size(), 0) ==
                             static_cast<ssize_t>(owner.size());
    if (!written) return system_error("write", path);
    return std::make_unique<RealLock>(std::move(descriptor));
}

// The name of a new directory is durable once its parent is synced; and one that is there may have
// been made by a process that died before it came to that. Who may not read the parent did not make
// a directory in it.
Result<void> make_directory(const std::string& path, mode_t mode) {
    const bool is_new = ::mkdir(path.c_str(), mode) == 0;
    if (!is_new && errno != EEXIST) return system_error("mkdir", path);
    std::string parent = std::filesystem::path(path + "/..").lexically_normal().string();
    if (parent.empty()) parent = ".";
    Descriptor descriptor(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!is_new && !descriptor.is_open() && errno == EACCES) return {};
    if (!descriptor.is_open()) return system_error("open", parent);
    if (::fsync(descriptor.get()) != 0) return sync_error("fsync", parent);
    return {};
}

Result<std::unique_ptr<Disk>> open_directory(const std::string& path, Access access) {
    Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open()) return system_error("open", path);
    return std::make_unique<RealDisk>(std::move(directory), path, access);
}

}  // namespace

Result<std::unique_ptr<Disk>> open_real_disk(const std::string& path, bool create) {
    if (create) TRY_VOID(make_directory(path, kOwnerAlone.directory_mode));
    return open_directory(path, kOwnerAlone);
}

Result<std::unique_ptr<Disk>> open_shared_disk(const std::string& path, bool create) {
    if (!create) return open_directory(path, kShared);
    // From the last directory that is there downwards.
    std::vector<std::string> missing;
    std::error_code error;
    for (std::filesystem::path at = std::filesystem::path(path).lexically_normal();
         !at.empty() && !std::filesystem::exists(at, error);
         at = at.parent_path()) {
        if (at.has_filename()) missing.push_back(at.string());
    }
    for (; !missing.empty(); missing.pop_back())
        TRY_VOID(make_directory(missing.back(), kShared.directory_mode));
    return open_directory(path, kShared);
}

}  // namespace thalweg
