#include "ingest/packet_counter.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>

namespace thalweg {

namespace {

using Instruction = bpf_insn;

constexpr std::int32_t kAccept = 0x7fff'ffff;  // Bytes of the packet to keep: all.
constexpr std::int32_t kDrop = 0;

constexpr Instruction instruction(
    unsigned code, unsigned target, unsigned source, std::int16_t offset, std::int32_t immediate) {
    Instruction result{};
    result.code = static_cast<std::uint8_t>(code);
    result.dst_reg = target & 15U;
    result.src_reg = source & 15U;
    result.off = offset;
    result.imm = immediate;
    return result;
}

int bpf(int command, bpf_attr& attributes) {
    return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint64_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

// cell[0] += max(packet.gso_segs, 1); return verdict
Descriptor load_program(int cell, std::int32_t verdict) {
    constexpr auto kSegments = static_cast<std::int16_t>(offsetof(__sk_buff, gso_segs));
    const std::array program = {
        instruction(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0),   // r6 = packet
        instruction(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),    // stack[-4] = 0, the key
        instruction(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),  // r2 = its address
        instruction(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),  //
        instruction(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, cell),
        instruction(0, 0, 0, 0, 0),  // second half of the above
        instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
        instruction(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4, 0),            // no such cell: skip
        instruction(BPF_LDX | BPF_MEM | BPF_W, 1, 6, kSegments, 0),    // r1 = datagrams in it
        instruction(BPF_JMP | BPF_JNE | BPF_K, 1, 0, 1, 0),            // 0 is a packet unmerged
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),          //
        instruction(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),  // *r0 += r1, atomically
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, verdict),
        instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
    };
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attributes.insns = address_of(program.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
    attributes.license = address_of("Apache-2.0");
    return Descriptor(bpf(BPF_PROG_LOAD, attributes));
}

bool attach_program(int socket, const Descriptor& program) {
    const int fd = program.get();
    return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof fd) == 0;
}

}  // namespace

std::optional<PacketCounter> PacketCounter::attach(int socket) {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = sizeof(std::uint32_t);
    attributes.value_size = sizeof(std::uint64_t);
    attributes.max_entries = 1;
    Descriptor cell(bpf(BPF_MAP_CREATE, attributes));
    if (!cell.is_open()) return std::nullopt;
    const Descriptor counter = load_program(cell.get(), kAccept);
    Descriptor shutter = load_program(cell.get(), kDrop);
    if (!counter.is_open() || !shutter.is_open()) return std::nullopt;
    if (!attach_program(socket, counter)) return std::nullopt;
    return PacketCounter(std::move(cell), std::move(shutter));
}

std::uint64_t PacketCounter::arrived() const {
    const std::uint32_t key = 0;
    std::uint64_t value = 0;
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(cell_.get());
    attributes.key = address_of(&key);
    attributes.value = reinterpret_cast<std::uintptr_t>(&value);
    return bpf(BPF_MAP_LOOKUP_ELEM, attributes) == 0 ? value : 0;
}

void PacketCounter::shut(int socket) const {
    static_cast<void>(attach_program(socket, shutter_));
}

void shut_socket(int socket) {
    sock_filter drop_all{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program{1, &drop_all};
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

std::uint32_t read_drops(int socket) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
    return info[SK_MEMINFO_DROPS];
}

}  // namespace thalweg
