import Core
import Testing

@Suite struct DeliveryWindowTests {
    private func entries(_ positions: Int64...) -> [(position: Int64, item: Int64)] { positions.map { ($0, $0) } }

    @Test("The cursor stays before what was read and not handed out")
    func cursor() {
        var window = DeliveryWindow<Int64>(size: 10, cursor: 100)
        window.read(entries(103, 105, 109), outOf: 10, upTo: 110)
        #expect(window.cursor == 102)
        #expect(window.handOut(upTo: 2) == [103, 105])
        #expect(window.progress() == (108, [103, 105]))
        #expect(window.handOut(upTo: 2) == [109])
        #expect(window.progress() == (110, [103, 105, 109]))
        #expect(window.progress(settling: [105, 109]) == (110, [103]))
    }

    @Test("No more is handed out than the window holds, until something is settled")
    func bound() {
        var window = DeliveryWindow<Int64>(size: 2, cursor: 0)
        window.read(entries(1, 2, 3, 4), outOf: 4, upTo: 4)
        #expect(window.handOut(upTo: 10) == [1, 2])
        #expect(window.handOut(upTo: 10).isEmpty)
        #expect(!window.isReady)
        #expect(!window.needsMore)
        window.stored(settling: [1])
        #expect(window.isReady)
        #expect(window.handOut(upTo: 10) == [3])
    }

    @Test("A window of less than one holds one")
    func smallest() {
        var window = DeliveryWindow<Int64>(size: 0, cursor: 0)
        window.read(entries(1, 2), outOf: 2, upTo: 2)
        #expect(window.handOut(upTo: 10) == [1])
    }

    @Test("What was open comes first, also beyond the window, and only once")
    func again() {
        var window = DeliveryWindow<Int64>(size: 1, cursor: 9, open: [(7, 7), (4, 4)])
        #expect(!window.needsMore)
        #expect(window.handOut(upTo: 1) == [4])
        #expect(window.handOut(upTo: 5) == [7])
        #expect(!window.isReady)
        #expect(window.progress() == (9, [4, 7]))
        window.stored(settling: [4, 7])
        #expect(window.needsMore)
        #expect(window.progress() == (9, []))
    }

    @Test("What is settled before it is handed out again is not handed out")
    func settledMeanwhile() {
        var window = DeliveryWindow<Int64>(size: 4, cursor: 9, open: [(4, 4), (7, 7)])
        window.stored(settling: [7])
        #expect(window.handOut(upTo: 5) == [4])
    }

    @Test("Settling what is not open changes nothing")
    func unknown() {
        var window = DeliveryWindow<Int64>(size: 4, cursor: 0)
        window.read(entries(1, 2), outOf: 2, upTo: 2)
        _ = window.handOut(upTo: 1)
        window.stored(settling: [2, 17])
        #expect(window.progress() == (1, [1]))
        #expect(window.handOut(upTo: 1) == [2])
    }

    @Test("What others hold is not handed out again, and takes room")
    func sharing() {
        var window = DeliveryWindow<Int64>(size: 3, cursor: 9, open: [(4, 4)], held: [7: "a"])
        window.read(entries(10, 11), outOf: 2, upTo: 11)
        #expect(window.handOut(upTo: 5, to: "b") == [4, 10])
        #expect(!window.isReady)
        #expect(window.held(byOthersThan: "b") == [7: "a"])
        #expect(window.held(byOthersThan: "a") == [4: "b", 10: "b"])
        #expect(window.progress(settling: [7]) == (10, [4, 10]))
        window.stored(settling: [7])
        #expect(window.handOut(upTo: 5, to: "a") == [11])
    }

    @Test("After a thousand events of no interest the cursor is worth storing")
    func skipping() {
        var window = DeliveryWindow<Int64>(size: 4, cursor: 0)
        window.read([], outOf: 1023, upTo: 1023)
        #expect(!window.isCursorWorthStoring)
        window.read(entries(1024), outOf: 2, upTo: 1025)
        #expect(window.isCursorWorthStoring)
        window.stored()
        #expect(!window.isCursorWorthStoring)
    }

    @Test("What is left alone makes room, counts as of no interest, and is not open any more")
    func passing() {
        var window = DeliveryWindow<Int64>(size: 2, cursor: 9, open: [(4, 4)])
        window.read(entries(10, 11, 12), outOf: 3, upTo: 1031)
        #expect(window.handOut(upTo: 2) == [4, 10])
        window.passed(over: [4, 10, 99])
        #expect(window.openCount == 0)
        #expect(window.handOut(upTo: 2) == [11, 12])
        #expect(window.progress() == (1031, [11, 12]))
        window.read([], outOf: 1021, upTo: 2052)
        #expect(!window.isCursorWorthStoring)
        window.passed(over: [11])
        #expect(window.isCursorWorthStoring)
    }

    @Test("What is left alone before it is handed out again is not handed out")
    func passedMeanwhile() {
        var window = DeliveryWindow<Int64>(size: 4, cursor: 9, open: [(4, 4), (7, 7)])
        window.passed(over: [7])
        #expect(window.handOut(upTo: 5) == [4])
    }

    @Test("Nothing is lost by a crash at any moment, and nothing settled comes again", arguments: 0..<50)
    func crashes(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var window = DeliveryWindow<Int64>(size: 5, cursor: 0)
        var stored: (cursor: Int64, open: [Int64]) = (0, [])
        let isOfInterest = { (position: Int64) in position % 3 != 0 }
        let wanted = Set((1...120).filter(isOfInterest))
        var handedOut: Set<Int64> = []
        var settled: Set<Int64> = []
        let end: Int64 = 120
        var steps = 0
        while settled != wanted {
            steps += 1
            guard steps < 20_000 else { Issue.record("it does not end"); return }
            switch random.next() % 8 {
            case 0:
                window = DeliveryWindow(size: 5, cursor: stored.cursor, open: stored.open.map { ($0, $0) })
                handedOut = []
            case 1, 2:
                guard window.needsMore, window.readUpTo < end else { continue }
                let last = min(end, window.readUpTo + 1 + Int64(random.next() % 9))
                let range = (window.readUpTo + 1)...last
                window.read(range.filter(isOfInterest).map { ($0, $0) }, outOf: range.count, upTo: last)
            case 3, 4, 5:
                let items = window.handOut(upTo: Int(random.next() % 4))
                if !settled.isDisjoint(with: items) { Issue.record("settled, and handed out again") }
                handedOut.formUnion(items)
            default:
                let done = handedOut.filter { _ in random.next() % 2 == 0 }
                stored = window.progress(settling: Array(done))
                window.stored(settling: Array(done))
                settled.formUnion(done)
                handedOut.subtract(done)
                let isCovered = wanted.subtracting(settled).allSatisfy {
                    $0 > stored.cursor || stored.open.contains($0)
                }
                if !isCovered { Issue.record("lost after step \(steps)") }
            }
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
