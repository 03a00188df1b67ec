import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL
import Ports

/// Why somebody could not be spoken to, in a few words for people.
enum ConnectionFailure {
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: return FileFailure.text(of: error.errnoCode)
        case let error as NIOConnectionError:
            // The last address that was tried stands for all.
            if let last = error.connectionErrors.last { return reason(last.error) }
            return "the name '\(error.host)' is unknown"
        case NIOSSLError.handshakeFailed(let failure):
            // It is what a server without TLS answers that looks like a wrong version.
            if "\(failure)".contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS: is it http://?" }
            if "\(failure)".contains("CERTIFICATE_VERIFY_FAILED") {
                return "its certificate is not trusted, or is for another name"
            }
            return "no TLS connection could be agreed on"
        case let error as HTTPClientError: return error.shortDescription
        default: return "\(error)"
        }
    }
}
