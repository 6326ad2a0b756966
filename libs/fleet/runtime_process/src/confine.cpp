#include "confine.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <memory>

#include "unique_fd.hpp"

namespace muster::runtime_process {
namespace {

struct Capability {
    const char* name;
    unsigned number;
};
/// The others either break out (the network and the users are the host's) or are of no use to a
/// program that is not root.
constexpr Capability allowed[] = {{"NET_BIND_SERVICE", CAP_NET_BIND_SERVICE},
                                  {"SYS_NICE", CAP_SYS_NICE},
                                  {"IPC_LOCK", CAP_IPC_LOCK}};

const Capability* find(const std::string& name) {
    const auto* found = std::ranges::find(allowed, name, &Capability::name);
    return found == std::end(allowed) ? nullptr : found;
}

Result<void> keep_only(const std::vector<std::string>& names) {
    std::uint32_t bits = 0;
    for (const auto& name : names) {
        if (const auto* one = find(name)) bits |= 1U << one->number;
    }
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    __user_cap_data_struct data[2]{};
    data[0] = {bits, bits, bits};
    if (::syscall(SYS_capset, &header, data) != 0) return refused("cannot drop capabilities");
    for (const auto& one : allowed) {
        if ((bits & (1U << one.number)) == 0) continue;
        if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, one.number, 0, 0) != 0) {
            return refused(std::string("cannot keep the capability ") + one.name);
        }
    }
    return {};
}

Result<void> become_user(const Record& record) {
    for (unsigned number = 0; number <= CAP_LAST_CAP; ++number) {
        const bool keep = std::ranges::any_of(record.spec.capabilities, [&](const auto& name) {
            const auto* one = find(name);
            return one != nullptr && one->number == number;
        });
        if (!keep && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0 && errno != EINVAL) {
            return refused("cannot drop a capability");
        }
    }
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return refused("cannot keep capabilities");
    if (::setgroups(0, nullptr) != 0) return refused("cannot leave the groups");
    if (::setresgid(record.gid, record.gid, record.gid) != 0)
        return refused("cannot set the group");
    if (::setresuid(record.uid, record.uid, record.uid) != 0) return refused("cannot set the user");
    return keep_only(record.spec.capabilities);
}

Result<void> lower_limits() {
    // A core dump would write the server's memory into its data.
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0) return refused("cannot forbid core dumps");
    rlimit files{};
    constexpr rlim_t files_max = 65'536;
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_max = std::min(files.rlim_max, files_max);
        files.rlim_cur = std::min(files.rlim_cur, files.rlim_max);
        if (::setrlimit(RLIMIT_NOFILE, &files) != 0) return refused("cannot limit open files");
    }
    return {};
}

/// What no game needs and what kernels have had most holes in: mounts, namespaces, modules, the
/// clock, keys, tracing of the kernel, rings.
constexpr const char* forbidden[] = {"acct",
                                     "add_key",
                                     "adjtimex",
                                     "bpf",
                                     "chroot",
                                     "clock_adjtime",
                                     "clock_settime",
                                     "delete_module",
                                     "finit_module",
                                     "fsconfig",
                                     "fsmount",
                                     "fsopen",
                                     "fspick",
                                     "init_module",
                                     "io_uring_enter",
                                     "io_uring_register",
                                     "io_uring_setup",
                                     "ioperm",
                                     "iopl",
                                     "kcmp",
                                     "kexec_file_load",
                                     "kexec_load",
                                     "keyctl",
                                     "lookup_dcookie",
                                     "mount",
                                     "mount_setattr",
                                     "move_mount",
                                     "move_pages",
                                     "name_to_handle_at",
                                     "nfsservctl",
                                     "open_by_handle_at",
                                     "open_tree",
                                     "perf_event_open",
                                     "pivot_root",
                                     "process_vm_readv",
                                     "process_vm_writev",
                                     "quotactl",
                                     "quotactl_fd",
                                     "reboot",
                                     "request_key",
                                     "setdomainname",
                                     "sethostname",
                                     "setns",
                                     "settimeofday",
                                     "swapoff",
                                     "swapon",
                                     "syslog",
                                     "umount",
                                     "umount2",
                                     "unshare",
                                     "userfaultfd",
                                     "vhangup"};

Result<void> forbid_calls() {
    const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                        seccomp_release);
    if (!filter) return fail(Errc::internal, "cannot make a seccomp filter");
    bool ok = true;
#if defined(__x86_64__)
    // Many servers are still 32-bit programs; the same rules hold for their calls.
    ok = seccomp_arch_add(filter.get(), SCMP_ARCH_X86) == 0;
#endif
    for (const auto* name : forbidden) {
        const int call = seccomp_syscall_resolve_name(name);
        if (call == __NR_SCMP_ERROR) continue;  // newer than the library
        ok = ok && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0) == 0;
    }
    const auto bits = [](int value) { return static_cast<scmp_datum_t>(value); };
    const auto forbid_if = [&](int call, int error, scmp_arg_cmp condition) {
        ok =
            ok && seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)),
                                         call, 1, &condition) == 0;
    };
    // A new namespace gives capabilities in it; threads and processes stay possible.
    for (const int flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER,
                           CLONE_NEWPID, CLONE_NEWNET}) {
        forbid_if(SCMP_SYS(clone), EPERM, {0, SCMP_CMP_MASKED_EQ, bits(flag), bits(flag)});
    }
    // Its flags lie in memory where a filter cannot look; C libraries fall back to clone.
    ok = ok && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
    // Typing into the terminal of somebody else.
    forbid_if(SCMP_SYS(ioctl), EPERM, {1, SCMP_CMP_MASKED_EQ, 0xffffffffU, TIOCSTI});
    for (const int family : {AF_VSOCK, AF_ALG, AF_PACKET, AF_KEY}) {
        forbid_if(SCMP_SYS(socket), EAFNOSUPPORT, {0, SCMP_CMP_EQ, bits(family), 0});
    }
    if (!ok) return fail(Errc::internal, "cannot build the seccomp filter");
    if (const int result = seccomp_load(filter.get()); result != 0) {
        errno = -result;
        return refused("cannot load the seccomp filter");
    }
    return {};
}

}  // namespace

Result<void> check_capability(const std::string& name) {
    if (find(name) != nullptr) return {};
    return fail(Errc::unsupported,
                "the process runtime gives no server the capability " + name +
                    "; it knows NET_BIND_SERVICE, SYS_NICE and IPC_LOCK",
                "capabilities");
}

Result<void> give_up_privileges(const Record& record) {
    if (auto done = lower_limits(); !done) return done;
    if (auto done = become_user(record); !done) return done;
    // After the change of user, which clears it.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return refused("cannot watch the parent");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("cannot forbid privileges");
    return forbid_calls();
}

}  // namespace muster::runtime_process
