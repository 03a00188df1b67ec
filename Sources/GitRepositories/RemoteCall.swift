import CGit2
import CGitStream
import Glibc
import Ports
import Synchronization

/// One exchange with an upstream, as libgit2's callbacks see it: who asks, what went wrong in our own words, and how
/// to end it from another thread when it takes too long.
final class RemoteCall: Sendable {
    let upstream: GitCredentials

    private struct State {
        var stop: (@Sendable () -> Void)?
        var isInterrupted = false
        var failure: KeptnError?
        var hasGivenCredentials = false
    }

    private let state = Mutex(State())

    init(_ upstream: GitCredentials) { self.upstream = upstream }

    /// Ends what the call waits for, now or as soon as it waits. `stop` runs under a lock, so that it never meets a
    /// socket that was closed meanwhile.
    func interrupt() {
        state.withLock { state in
            state.isInterrupted = true
            state.stop?()
        }
    }

    /// How to end what is waited for from now on; nil when nothing is.
    func waits(stop: (@Sendable () -> Void)?) {
        state.withLock { state in
            state.stop = stop
            if state.isInterrupted { stop?() }
        }
    }

    /// - Parameter socket: -1 when it is about to be closed.
    private func uses(socket: Int32) {
        guard socket >= 0 else { return waits(stop: nil) }
        waits { _ = Glibc.shutdown(socket, Int32(SHUT_RDWR)) }
    }

    /// Remembers the first failure and answers libgit2 that there was one.
    func fail(_ error: KeptnError) -> Int32 {
        state.withLock { $0.failure = $0.failure ?? error }
        return GIT_EUSER.rawValue
    }

    /// Runs calls of libgit2's that talk to the upstream, and says in the user's words why they failed.
    func run<Value>(_ body: (_ payload: UnsafeMutableRawPointer) throws -> Value) throws -> Value {
        guard !state.withLock(\.isInterrupted) else { throw CancellationError() }
        let payload = Unmanaged.passUnretained(self).toOpaque()
        keptn_git_observe_sockets({ RemoteCall.from($0)?.uses(socket: $1) }, payload)
        defer { keptn_git_observe_sockets(nil, nil) }
        do {
            return try withExtendedLifetime(self) { try body(payload) }
        } catch let error as KeptnError {
            let (failure, isInterrupted) = state.withLock { ($0.failure, $0.isInterrupted) }
            if isInterrupted { throw CancellationError() }
            throw failure ?? explained(error)
        }
    }

    static func from(_ payload: UnsafeMutableRawPointer?) -> RemoteCall? {
        payload.map { Unmanaged<RemoteCall>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The callbacks of one exchange: HTTP goes over a transport of ours, SSH over libgit2's own.
    func callbacks(_ payload: UnsafeMutableRawPointer) throws -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        try LibGit2.check(
            git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION)), "preparing an exchange")
        callbacks.payload = payload
        if case .https = upstream.access {
            callbacks.transport = { out, remote, payload in GitHTTPTransport.make(out, remote, payload) }
        }
        callbacks.credentials = { out, _, user, allowed, payload in
            RemoteCall.from(payload)?.giveCredentials(out, user.map { String(cString: $0) }, allowed)
                ?? GIT_EAUTH.rawValue
        }
        // Like Keptn, which knows no keys of hosts (docs/limits.md).
        callbacks.certificate_check = { _, _, _, _ in 0 }
        callbacks.push_update_reference = { reference, refusal, payload in
            guard let refusal, let call = RemoteCall.from(payload) else { return 0 }
            let name = reference.map { String(cString: $0) } ?? ""
            return call.fail(
                KeptnError(
                    .failedDependency,
                    "the upstream '\(call.upstream)' refuses \(name): \(String(cString: refusal))"))
        }
        return callbacks
    }

    /// For SSH. Asked a second time, the upstream did not take the first answer.
    private func giveCredentials(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, _ userInURL: String?, _ allowed: UInt32
    ) -> Int32 {
        guard case .ssh(let ssh) = upstream.access else { return GIT_EAUTH.rawValue }
        let user = userInURL ?? (upstream.user.isEmpty ? "git" : upstream.user)
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 { return git_credential_username_new(out, user) }
        let isSecond = state.withLock { state in
            defer { state.hasGivenCredentials = true }
            return state.hasGivenCredentials
        }
        if isSecond || allowed & GIT_CREDENTIAL_SSH_KEY.rawValue == 0 { return fail(refused) }
        return git_credential_ssh_key_memory_new(out, user, nil, ssh.privateKey, ssh.passphrase)
    }

    var refused: KeptnError {
        KeptnError(.failedDependency, "Invalid git token: the upstream '\(upstream)' refuses the user, token or key")
    }

    var unknown: KeptnError {
        KeptnError(.notFound, "Upstream repository not found: there is none at '\(upstream)'")
    }

    /// What SSH servers and libssh2 say only in words; errors of ours stay as they are.
    private func explained(_ error: KeptnError) -> KeptnError {
        guard [.internalFailure, .unavailable].contains(error.code) else { return error }
        let text = error.message.lowercased()
        if ["authenticat", "private key", "publickey", "credential"].contains(where: text.contains) { return refused }
        let unknownMarks = ["not found", "does not appear to be a git repository", "no such file", "does not exist"]
        if unknownMarks.contains(where: text.contains) { return unknown }
        return KeptnError(.unavailable, "the upstream '\(upstream)' cannot be reached: \(error.message)")
    }
}
