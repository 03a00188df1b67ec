import HTTPServing
import NIOCore
import NIOWebSocket
import Testing

@Suite("A WebSocket's frames") struct WebSocketMachineTests {
    private static func frame(
        _ opcode: WebSocketOpcode, _ data: [UInt8], isLast: Bool = true, isMasked: Bool = true
    ) -> WebSocketFrame {
        let key: WebSocketMaskingKey = [1, 2, 3, 4]
        var buffer = ByteBuffer(bytes: data)
        if isMasked { buffer.webSocketMask(key) }
        return WebSocketFrame(fin: isLast, opcode: opcode, maskKey: isMasked ? key : nil, data: buffer)
    }

    private static func frame(
        _ opcode: WebSocketOpcode, _ text: String = "", isLast: Bool = true
    ) -> WebSocketFrame { frame(opcode, Array(text.utf8), isLast: isLast) }

    /// What the effects say, in a word each.
    private static func words(_ effects: [WebSocketMachine.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .hear(let text): return "hear \(String(decoding: text, as: UTF8.self).prefix(20))"
            case .hangUp: return "hang up"
            case .send(let frame):
                var data = frame.data
                guard frame.opcode == .connectionClose else {
                    let name = frame.opcode == .pong ? "pong" : frame.opcode == .ping ? "ping" : "text"
                    return "\(name) \(String(buffer: data))"
                }
                let code = data.readInteger(as: UInt16.self)
                return "goodbye \(code.map { "\($0)" } ?? "")"
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var frames: [WebSocketFrame]
        var effects: [String]
    }

    private static let cases = [
        Case(testDescription: "a message", frames: [frame(.text, "hello")], effects: ["hear hello"]),
        Case(
            testDescription: "a message in pieces, with a ping between them",
            frames: [
                frame(.text, "hel", isLast: false), frame(.ping, "there?"), frame(.continuation, "l", isLast: false),
                frame(.continuation, "o"), frame(.text, "again"),
            ],
            effects: ["pong there?", "hear hello", "hear again"]),
        Case(
            testDescription: "a piece without a beginning", frames: [frame(.continuation, "o"), frame(.text, "x")],
            effects: ["goodbye 1002", "hang up"]),
        Case(
            testDescription: "a message inside of another",
            frames: [frame(.text, "a", isLast: false), frame(.text, "b")], effects: ["goodbye 1002", "hang up"]),
        Case(
            testDescription: "no mask", frames: [frame(.text, [0x61], isMasked: false)],
            effects: ["goodbye 1002", "hang up"]),
        Case(testDescription: "bytes", frames: [frame(.binary, "a")], effects: ["goodbye 1003", "hang up"]),
        Case(
            testDescription: "text that is no UTF-8", frames: [frame(.text, [0x61, 0xFF])],
            effects: ["goodbye 1007", "hang up"]),
        Case(
            testDescription: "a character cut between two pieces is whole in the end",
            frames: [frame(.text, [0xC3], isLast: false), frame(.continuation, [0xBC])], effects: ["hear ü"]),
        Case(
            testDescription: "a message that is too long in all",
            frames: [
                frame(.text, String(repeating: "a", count: 65_536), isLast: false), frame(.continuation, "a"),
            ], effects: ["goodbye 1009", "hang up"]),
        Case(
            testDescription: "goodbye is answered with its code",
            frames: [frame(.connectionClose, [0x03, 0xE9, 0x61])],
            effects: ["goodbye 1001", "hang up"]),
        Case(
            testDescription: "goodbye without a code", frames: [frame(.connectionClose), frame(.text, "more")],
            effects: ["goodbye ", "hang up"]),
    ]

    @Test("Frames come to messages, answers and ends", arguments: cases)
    func frames(_ example: Case) {
        var machine = WebSocketMachine()
        #expect(Self.words(example.frames.flatMap { machine.handle($0) }) == example.effects)
    }

    @Test("Our goodbye waits for its answer, and hears nothing else any more")
    func closing() {
        var machine = WebSocketMachine()
        #expect(Self.words(machine.close(.normalClosure)) == ["goodbye 1000"])
        #expect(machine.close(.normalClosure).isEmpty)
        #expect(machine.handle(Self.frame(.text, "more")).isEmpty)
        #expect(Self.words(machine.handle(Self.frame(.connectionClose, [0x03, 0xE8]))) == ["hang up"])
        #expect(machine.handle(Self.frame(.ping)).isEmpty)
    }

    @Test("A peer that does not answer a ping before the next one is gone")
    func silence() {
        var machine = WebSocketMachine()
        #expect(Self.words(machine.tick()) == ["ping "])
        #expect(machine.handle(Self.frame(.pong)).isEmpty)
        #expect(Self.words(machine.tick()) == ["ping "])
        #expect(Self.words(machine.handle(Self.frame(.text, "busy"))) == ["hear busy"])
        #expect(Self.words(machine.tick()) == ["hang up"])
        #expect(machine.tick().isEmpty)
    }
}
