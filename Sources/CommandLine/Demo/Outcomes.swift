import Ports
import Synchronization

/// What the demo promised, and whether it was seen.
final class Outcomes: Sendable {
    private let list = Mutex<[(text: String, isGood: Bool)]>([])

    func note(_ text: String, _ isGood: Bool) { list.withLock { $0.append((text, isGood)) } }

    func report(on terminal: Terminal) -> Bool {
        let outcomes = list.withLock { $0 }
        terminal.line("")
        for outcome in outcomes {
            let mark = outcome.isGood ? Paint.good("✔ seen    ", terminal) : Paint.bad("✘ NOT seen", terminal)
            terminal.line("\(mark)  \(outcome.text)")
        }
        return outcomes.allSatisfy(\.isGood)
    }
}

/// Somebody who uses production all the time, one request after the other.
final class Customer: Sendable {
    struct Count { var requests = 0, failures = 0 }

    private let url: String
    private let pause: Duration
    private let state = Mutex(Count())

    /// - Parameter pause: Between an answer and the next request.
    init(url: String, pause: Duration = .milliseconds(20)) {
        self.url = url
        self.pause = pause
    }

    var count: Count { state.withLock { $0 } }

    func run() async throws {
        while !Task.isCancelled {
            let status = try? await Demo.get(url).status
            if Task.isCancelled { break }
            state.withLock {
                $0.requests += 1
                if status != 200 { $0.failures += 1 }
            }
            try await SystemTime().sleep(for: pause)
        }
    }
}
