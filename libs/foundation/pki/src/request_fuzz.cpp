// A signing request is the first thing a stranger with a join token sends: whatever the bytes, it
// ends in a certificate for the subject that we chose, or in an error.
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/pki/pki.hpp"

namespace pki = muster::pki;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace std::chrono_literals;
    static const muster::Timestamp now{std::chrono::seconds{1'800'000'000}};
    static const pki::Identity authority =
        pki::new_authority("fuzz", now, std::chrono::days{10}).value();
    const auto issued = pki::issue_for_request(
        authority, std::string_view(reinterpret_cast<const char*>(data), size),
        pki::Subject{"node:fuzz", {}, {}}, pki::Usage::client, now, 60min);
    if (issued) {
        const auto facts = pki::facts(*issued);
        MUSTER_ASSERT(facts && facts->common_name == "node:fuzz" && facts->dns_names.empty());
        MUSTER_ASSERT(pki::verify(*issued, authority.certificate_pem, pki::Usage::client, now));
    } else {
        MUSTER_ASSERT(!issued.error().message.empty());
    }
    return 0;
}
