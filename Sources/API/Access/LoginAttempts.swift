import CloudEvents
import Ports
import Synchronization

/// Logins at the identity provider that are on their way: each can end once, soon, and in the browser that began it.
final class LoginAttempts: Sendable {
    /// So long somebody may take at the provider.
    static let age = Duration.seconds(600)
    /// The oldest are forgotten when more begin.
    private static let countMax = 1_000

    private struct Begun {
        let attempt: LoginAttempt
        let returnPath: String
        let browser: [UInt8]
        let expiresAt: Timestamp
    }

    private let begun = Mutex<[Begun]>([])

    /// A new login, and the text that its browser has to keep.
    /// - Parameter returnPath: where the browser wants to be afterwards.
    func begin(
        redirectURL: String, returnPath: String, at now: Timestamp
    ) -> (attempt: LoginAttempt, browser: String) {
        let attempt = LoginAttempt(
            redirectURL: redirectURL, state: Secret.newText(), nonce: Secret.newText(), verifier: Secret.newText())
        let browser = Secret.newText()
        let new = Begun(
            attempt: attempt, returnPath: returnPath, browser: Secret.hash(of: browser), expiresAt: now + Self.age)
        begun.withLock { $0 = $0.filter { $0.expiresAt > now }.suffix(Self.countMax - 1) + [new] }
        return (attempt, browser)
    }

    /// The login with this state that this browser has begun, which is over with that; nil when there is none.
    func end(state: String, browser: String, at now: Timestamp) -> (attempt: LoginAttempt, returnPath: String)? {
        let hash = Secret.hash(of: browser)
        return begun.withLock { begun in
            let index = begun.firstIndex { $0.attempt.state == state && $0.browser == hash && $0.expiresAt > now }
            guard let index else { return nil }
            let ended = begun.remove(at: index)
            return (ended.attempt, ended.returnPath)
        }
    }
}
