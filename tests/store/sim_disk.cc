#include "tests/store/sim_disk.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg::test {
namespace {

constexpr std::uint64_t kCallNanos = 2'000;
constexpr std::uint64_t kSyncNanos = 4'000'000;
constexpr std::size_t kGravesMax = 4;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

}  // namespace

class SimDisk::File final : public DiskFile {
  public:
    File(SimDisk& disk, InodePointer inode, std::string_view name)
        : disk_(&disk), inode_(std::move(inode)), path_(disk.path() + "/" + std::string(name)) {}

    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        TRY_VOID(disk_->tick("write", path_, kCallNanos));
        if (inode_->sync_failed) ++disk_->misuses_;
        std::size_t size = bytes.size();
        if (disk_->chance(disk_->faults.short_write)) size = 1 + disk_->random_.below(size);
        const std::uint64_t used = disk_->used_bytes();
        const std::uint64_t room =
            disk_->faults.bytes_max - std::min(used, disk_->faults.bytes_max);
        size = std::min<std::size_t>(size, room);
        if (size == 0) return disk_->error(Code::kFull, "write", path_, "No space left (ENOSPC)");
        write_into(inode_->cache, offset, bytes.first(size));
        inode_->pending.push_back(
            {.offset = offset, .bytes = {bytes.begin(), bytes.begin() + std::ptrdiff_t(size)}});
        return size;
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> target) const override {
        TRY_VOID(disk_->tick("read", path_, kCallNanos));
        const Bytes& bytes = inode_->cache;
        if (offset >= bytes.size() || target.empty()) return 0;
        std::size_t size = std::min<std::size_t>(target.size(), bytes.size() - offset);
        if (disk_->chance(disk_->faults.short_read)) size = 1 + disk_->random_.below(size);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), size, target.begin());
        return size;
    }

    Result<std::uint64_t> size() const override {
        TRY_VOID(disk_->tick("fstat", path_, kCallNanos));
        return inode_->cache.size();
    }

    Result<void> truncate(std::uint64_t size) override {
        TRY_VOID(disk_->tick("truncate", path_, kCallNanos));
        if (inode_->sync_failed) ++disk_->misuses_;
        ASSERT(size <= inode_->cache.size());
        inode_->cache.resize(size);
        inode_->pending.push_back({.offset = size, .bytes = {}, .is_cut = true});
        return {};
    }

    Result<void> sync() override {
        if (inode_->sync_failed) ++disk_->misuses_;
        const Result<void> ticked = disk_->tick("fdatasync", path_, kSyncNanos);
        const bool fails = !ticked || disk_->chance(disk_->faults.sync_error);
        if (!fails) {
            for (const SimDisk::Write& write : inode_->pending)
                apply(write, inode_->platter);
        }
        inode_->pending.clear();
        inode_->sync_failed = inode_->sync_failed || fails;
        if (fails) return disk_->error(Code::kIo, "fdatasync", path_, "Input/output error (EIO)");
        return {};
    }

    [[nodiscard]] const std::string& path() const override { return path_; }

  private:
    SimDisk* disk_;
    InodePointer inode_;
    std::string path_;
};

class SimDisk::Lock final : public DiskLock {
  public:
    explicit Lock(SimDisk& disk) : disk_(&disk), life_(disk.life_) {}

    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    ~Lock() override {
        if (life_ == disk_->life_) disk_->owner_.reset();
    }

  private:
    SimDisk* disk_;
    std::uint64_t life_;
};

bool SimDisk::chance(double probability) const {
    return probability > 0 && random_.unit() < probability;
}

tl::unexpected<Error> SimDisk::error(Code code,
                                     std::string_view operation,
                                     std::string_view name,
                                     std::string_view what) const {
    return fail(code, std::string(operation) + " " + std::string(name) + ": " + std::string(what));
}

Result<void> SimDisk::tick(std::string_view operation,
                           std::string_view name,
                           std::uint64_t cost_ns) const {
    const std::uint64_t call = calls_++;
    elapsed_ns_ += cost_ns;
    if (call == crash_at_) {
        crash_at_ = kNever;
        throw SimCrash{};
    }
    if (call != fail_at_) return {};
    fail_at_ = kNever;
    return error(Code::kIo, operation, name, "Input/output error (EIO)");
}

void SimDisk::apply(const DirectoryStep& step, Names& names) {
    if (!step.removed.empty()) names.erase(step.removed);
    if (!step.added.empty()) names[step.added] = step.inode;
}

void SimDisk::write_into(Bytes& image, std::uint64_t offset, std::span<const std::byte> bytes) {
    if (image.size() < offset + bytes.size()) image.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), image.begin() + static_cast<std::ptrdiff_t>(offset));
}

void SimDisk::apply(const Write& write, Bytes& image) {
    if (write.is_cut) {
        image.resize(std::min<std::size_t>(image.size(), write.offset));
    } else {
        write_into(image, write.offset, write.bytes);
    }
}

void SimDisk::change(DirectoryStep step) {
    apply(step, cache_);
    pending_.push_back(std::move(step));
}

Result<std::unique_ptr<DiskFile>> SimDisk::create(std::string_view name) {
    TRY_VOID(tick("create", name, kCallNanos));
    if (cache_.contains(name)) return error(Code::kIo, "create", name, "File exists (EEXIST)");
    auto inode = std::make_shared<Inode>();
    change({.removed = "", .added = std::string(name), .inode = inode});
    return std::make_unique<File>(*this, std::move(inode), name);
}

Result<std::unique_ptr<DiskFile>> SimDisk::open(std::string_view name) const {
    TRY_VOID(tick("open", name, kCallNanos));
    const auto found = cache_.find(name);
    if (found == cache_.end()) return error(Code::kIo, "open", name, "No such file (ENOENT)");
    // What is opened for reading is not written to by those who keep the contract.
    return std::make_unique<File>(const_cast<SimDisk&>(*this), found->second, name);
}

Result<std::unique_ptr<DiskFile>> SimDisk::open_to_write(std::string_view name) {
    return open(name);
}

Result<void> SimDisk::rename(std::string_view source, std::string_view target) {
    TRY_VOID(tick("rename", source, kCallNanos));
    const auto found = cache_.find(source);
    if (found == cache_.end()) return error(Code::kIo, "rename", source, "No such file (ENOENT)");
    change({.removed = std::string(source), .added = std::string(target), .inode = found->second});
    return {};
}

Result<void> SimDisk::unlink(std::string_view name) {
    TRY_VOID(tick("unlink", name, kCallNanos));
    const auto found = cache_.find(name);
    if (found == cache_.end()) return error(Code::kIo, "unlink", name, "No such file (ENOENT)");
    bury(found->second);
    change({.removed = std::string(name), .added = "", .inode = nullptr});
    return {};
}

void SimDisk::bury(const InodePointer& inode) {
    graveyard_.push_back(inode->cache);
    if (graveyard_.size() > kGravesMax) graveyard_.pop_front();
}

Result<void> SimDisk::sync_directory() {
    const Result<void> ticked = tick("fsync", path_, kSyncNanos);
    const bool fails = !ticked || chance(faults.directory_error);
    if (!fails) {
        for (const DirectoryStep& step : pending_)
            apply(step, platter_);
    }
    pending_.clear();
    if (fails) return error(Code::kIo, "fsync", path_, "Input/output error (EIO)");
    return {};
}

std::vector<std::string> SimDisk::names() const {
    std::vector<std::string> result;
    for (const auto& [name, inode] : cache_)
        result.push_back(name);
    return result;
}

Result<std::vector<std::string>> SimDisk::list() const {
    TRY_VOID(tick("list", path_, kCallNanos));
    return names();
}

Result<std::unique_ptr<DiskLock>> SimDisk::lock(std::string_view name, std::string_view owner) {
    TRY_VOID(tick("lock", name, kCallNanos));
    if (owner_) return error(Code::kInvalid, "lock", name, "locked by " + *owner_);
    if (!cache_.contains(name)) {
        change({.removed = "", .added = std::string(name), .inode = std::make_shared<Inode>()});
    }
    owner_ = owner;
    return std::make_unique<Lock>(*this);
}

void SimDisk::heal() {
    faults = {};
    crash_at_ = kNever;
    fail_at_ = kNever;
}

void SimDisk::kill() {
    ++life_;
    owner_.reset();
}

// What a file is after the power has come back.
void SimDisk::settle(Inode& inode) {
    const std::size_t known = inode.platter.size();
    for (const Write& write : inode.pending) {
        if (random_.below(2) == 0) continue;
        if (write.is_cut) {
            apply(write, inode.platter);
            continue;
        }
        const bool torn = random_.below(3) == 0;
        const std::size_t size = torn ? random_.below(write.bytes.size()) : write.bytes.size();
        // A hole is zeros, or what lay there before.
        if (inode.platter.size() < write.offset && !graveyard_.empty() && random_.below(2) == 0) {
            const Bytes& grave = graveyard_[random_.below(graveyard_.size())];
            if (grave.size() > known)
                write_into(inode.platter, known, std::span(grave).subspan(known));
        }
        write_into(inode.platter, write.offset, std::span(write.bytes).first(size));
    }
    inode.pending.clear();
    inode.cache = inode.platter;
    inode.sync_failed = false;
}

void SimDisk::cut_power() {
    kill();
    const std::size_t reached = random_.below(pending_.size() + 1);
    for (std::size_t i = 0; i < reached; ++i)
        apply(pending_[i], platter_);
    pending_.clear();
    cache_ = platter_;
    for (const auto& [name, inode] : cache_)
        settle(*inode);
}

std::uint64_t SimDisk::used_bytes() const {
    std::uint64_t total = 0;
    for (const auto& [name, inode] : cache_)
        total += inode->cache.size();
    return total;
}

std::vector<std::byte> SimDisk::content(std::string_view name) const {
    const auto found = cache_.find(name);
    return found == cache_.end() ? Bytes{} : found->second->cache;
}

void SimDisk::replace(std::string_view name, std::vector<std::byte> content) {
    auto inode = std::make_shared<Inode>();
    inode->cache = content;
    inode->platter = std::move(content);
    cache_[std::string(name)] = inode;
    platter_[std::string(name)] = inode;
}

void SimDisk::remove(std::string_view name) {
    cache_.erase(std::string(name));
    platter_.erase(std::string(name));
}

void SimDisk::flip_bit(std::string_view name, std::uint64_t bit) {
    Inode& inode = *cache_.find(name)->second;
    const auto mask = std::byte(1U << (bit % 8));
    inode.cache[bit / 8] ^= mask;
    if (bit / 8 < inode.platter.size()) inode.platter[bit / 8] ^= mask;
}

}  // namespace thalweg::test
