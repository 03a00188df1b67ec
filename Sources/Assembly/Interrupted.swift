import UnixSignals

/// Somebody has ended the program (SIGINT, as by Ctrl-C, or SIGTERM) before its work was done.
package struct Interrupted: Error, CustomStringConvertible {
    private let signal: UnixSignal

    /// 128 and the signal's number, as shells tell it: 130 after SIGINT, 143 after SIGTERM.
    package var exitCode: Int32 { 128 + signal.rawValue }
    package var description: String { "interrupted" }

    /// Runs the body, and cancels it at the first of these signals. What it returns even then counts; what it throws
    /// then is but a consequence.
    static func unless<Value: Sendable>(
        _ signals: UnixSignalsSequence, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: End<Value>.self) { group in
            group.addTask { .body(try await body()) }
            group.addTask {
                for await signal in signals { return .signal(signal) }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            switch first {
            case .body(let value): return value
            case .signal(let signal):
                group.cancelAll()
                do {
                    if case .body(let value)? = try await group.next() { return value }
                } catch {}
                throw Interrupted(signal: signal)
            }
        }
    }

    private enum End<Value: Sendable> {
        case body(Value)
        case signal(UnixSignal)
    }
}
