import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("TrafficLedger: whose traffic it was")
struct TrafficLedgerTests {
    let scope = Scope(project: "sockshop", stage: "staging", service: "carts")
    var primary: RouteKey { RouteKey(scope: scope, kind: .primary) }
    var canary: RouteKey { RouteKey(scope: scope, kind: .canary) }

    @Test("A canary's traffic is not the primary's")
    func apart() {
        var ledger = TrafficLedger()
        ledger.serve("v1", on: primary, at: second(0))
        ledger.serve("v2", on: canary, at: second(0))
        ledger.record(primary, deployment: "v1", at: second(5), milliseconds: 3, failed: false)
        ledger.record(canary, deployment: "v2", at: second(5), milliseconds: 200, failed: true)
        for (name, requests, errors) in [("primary", 1, 0), ("direct", 1, 0), ("canary", 1, 1)] {
            let summary = ledger.summary(of: scope, deployment: name, from: second(0), to: second(10))
            #expect(summary?.requests == requests)
            #expect(summary?.errors == errors)
        }
        #expect(ledger.summary(of: scope, deployment: nil, from: second(0), to: second(10))?.errors == 0)
        #expect(ledger.summary(of: scope, deployment: "user_managed", from: second(0), to: second(10)) == nil)
        #expect(ledger.totals[canary]?.errors == 1)
    }

    @Test("Of two canaries one after the other, the one that served in the window counts")
    func successive() {
        var ledger = TrafficLedger()
        ledger.serve("v2", on: canary, at: second(0))
        ledger.record(canary, deployment: "v2", at: second(5), milliseconds: 200, failed: false)
        ledger.serve(nil, on: canary, at: second(10))
        ledger.serve("v3", on: canary, at: second(20))
        ledger.record(canary, deployment: "v2", at: second(21), milliseconds: 200, failed: false)
        ledger.record(canary, deployment: "v3", at: second(25), milliseconds: 3, failed: false)
        let first = ledger.summary(of: scope, deployment: "canary", from: second(0), to: second(10))
        #expect(first?.requests == 1)
        let latest = ledger.summary(of: scope, deployment: "canary", from: second(0), to: second(30))
        #expect(latest?.requests == 1)
        #expect(latest?.latencies.maximum == 3)
        #expect(ledger.summary(of: scope, deployment: "canary", from: second(12), to: second(18)) == nil)
    }

    @Test("A deployment's figures are forgotten when its window is over")
    func forgotten() {
        var ledger = TrafficLedger(secondsKept: 60)
        ledger.serve("v1", on: primary, at: second(0))
        ledger.record(primary, deployment: "v1", at: second(1), milliseconds: 3, failed: false)
        ledger.serve("v2", on: primary, at: second(10))
        #expect(ledger.summary(of: scope, deployment: nil, from: second(0), to: second(5))?.requests == 1)
        ledger.serve("v3", on: primary, at: second(100))
        #expect(ledger.summary(of: scope, deployment: nil, from: second(0), to: second(5)) == nil)
        #expect(ledger.totals[primary]?.requests == 1)
    }

    @Test("A window that reaches back before a restart is not complete; one of what began since is")
    func restarted() {
        var ledger = TrafficLedger(startedAt: second(100))
        func isComplete(from start: Int64) -> Bool? {
            ledger.summary(of: scope, deployment: nil, from: second(start), to: second(200))?.isComplete
        }
        ledger.serve("v1", startedAt: second(50), on: primary, at: second(102))
        ledger.record(primary, deployment: "v1", at: second(110), milliseconds: 3, failed: false)
        #expect(isComplete(from: 60) == false && isComplete(from: 100) == false)
        // What began with the server itself may be a moment earlier.
        #expect(isComplete(from: 101) == true && isComplete(from: 105) == true)
        ledger.serve("v2", startedAt: second(119), on: primary, at: second(120))
        ledger.record(primary, deployment: "v2", at: second(121), milliseconds: 3, failed: false)
        #expect(isComplete(from: 60) == true)
        // A canary of before that is released now: before, somebody else had this address.
        ledger.serve("v0", startedAt: second(50), on: primary, at: second(130))
        #expect(isComplete(from: 60) == true)
        ledger.serve("v1", startedAt: second(101), on: canary, at: second(102))
        #expect(ledger.summary(of: scope, deployment: "canary", from: second(60), to: second(200))?.isComplete == true)
    }

    private func second(_ number: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + number) }
}
