#include "server_calls.hpp"

#include <grpc/grpc_security_constants.h>

namespace muster::link {

// gRPC writes "ipv4:192.0.2.1:1234" and "ipv6:[2001:db8::1]:1234", with the brackets as %5B and
// %5D.
std::string address_of(const grpc::CallbackServerContext& context) {
    std::string peer = context.peer();
    if (const auto kind = peer.find(':'); kind != std::string::npos) peer.erase(0, kind + 1);
    if (const auto port = peer.rfind(':'); port != std::string::npos) peer.erase(port);
    for (const std::string_view bracket : {"%5B", "%5D", "[", "]"}) {
        if (const auto at = peer.find(bracket); at != std::string::npos) {
            peer.erase(at, bracket.size());
        }
    }
    // A link-local address carries its interface: fe80::1%25eth0.
    if (const auto zone = peer.find('%'); zone != std::string::npos) peer.erase(zone);
    if (peer.starts_with("::ffff:") && peer.find('.') != std::string::npos) peer.erase(0, 7);
    return peer;
}

Result<Caller> identify(const grpc::CallbackServerContext& context, const PeerKind& kind) {
    const std::string_view prefix = kind.prefix;
    const std::string noun(kind.noun);
    const auto auth = context.auth_context();
    const auto certificates = auth && auth->IsPeerAuthenticated()
                                  ? auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME)
                                  : std::vector<grpc::string_ref>{};
    if (certificates.size() != 1) {
        return fail(Errc::unauthenticated,
                    "a " + noun + " shows the certificate it got when it enrolled");
    }
    const auto facts = pki::facts(std::string_view(certificates[0].data(), certificates[0].size()));
    if (!facts || !facts->common_name.starts_with(prefix) ||
        facts->common_name.size() == prefix.size()) {
        return fail(Errc::unauthenticated, "the certificate is not one of a " + noun);
    }
    // TLS looked when the connection began; a connection may outlive the certificate.
    if (facts->not_after <= SystemClock{}.now()) {
        return fail(Errc::unauthenticated,
                    "the " + noun + "'s certificate ended on " + to_rfc3339(facts->not_after));
    }
    return Caller{facts->common_name.substr(prefix.size()), facts->serial_hex, address_of(context)};
}

}  // namespace muster::link
