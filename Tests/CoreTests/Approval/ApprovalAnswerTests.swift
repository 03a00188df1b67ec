import CloudEvents
import Core
import KeptnModel
import Testing

@Suite struct ApprovalAnswerTests {
    static let now = Timestamp(seconds: 1_700_000_000)

    private func triggered(_ properties: JSON = .emptyObject) -> CloudEvent {
        CloudEvent(
            keptn: .task(name: "approval", kind: .triggered), id: "t", source: "shipyard-controller", time: Self.now,
            context: "c",
            data: ["project": "p", "stage": "s", "service": "v", "result": "pass", "approval": properties])
    }

    private func event(_ kind: EventType.Kind, from source: String, result: String = "pass") -> CloudEvent {
        CloudEvent(
            keptn: .task(name: "approval", kind: kind), id: "\(source)-\(kind.rawValue)", source: source,
            time: Self.now, context: "c", triggeredID: "t",
            data: ["result": .string(result), "status": "succeeded", "message": "looks good"])
    }

    @Test("A person's answer has the person's name in it, whatever the event says")
    func person() throws {
        let forged = CloudEvent(
            keptn: .task(name: "approval", kind: .finished), id: "f", source: "cli", time: Self.now, context: "c",
            triggeredID: "t",
            data: [
                "result": "fail", "message": "no", "status": "succeeded",
                "approval": ["answers": [["by": "somebody else"]]],
            ])
        let taken = try ApprovalAnswer(
            to: triggered(), isOpen: true, answers: [event(.started, from: "approval-service")]
        )
        .accept(forged, from: "alice", at: Self.now)
        #expect(taken.id == "f")
        #expect(taken.json?["result"] == "fail")
        #expect(
            taken.json?["approval", "answers"]
                == [["by": "alice", "result": "fail", "comment": "no", "at": .string(Self.now.rfc3339)]])
    }

    @Test("Where several have to approve, answers become votes, one a person")
    func votes() throws {
        let triggered = triggered(["approvers": 2])
        let first = try ApprovalAnswer(to: triggered, isOpen: true, answers: [])
            .accept(event(.finished, from: "cli"), from: "alice", at: Self.now)
        #expect(first.type == "sh.keptn.event.approval.status.changed")
        #expect(first.id == "t/vote/alice")
        #expect(first.json?["message"] == "alice approved: looks good (1 of 2)")
        let next = ApprovalAnswer(to: triggered, isOpen: true, answers: [first])
        #expect(throws: ApprovalAnswer.Refusal.self) {
            try next.accept(event(.finished, from: "other"), from: "alice", at: Self.now)
        }
        let second = try next.accept(event(.finished, from: "cli"), from: "bob", at: Self.now)
        #expect(second.json?["message"] == "bob approved: looks good (2 of 2)")
    }

    @Test("Nobody votes twice by claiming to be an executor")
    func claimedExecutor() throws {
        let triggered = triggered(["approvers": 2])
        let gate = event(.started, from: "approval-service")
        // The gatekeeper's name is no executor from outside.
        let forged = try ApprovalAnswer(to: triggered, isOpen: true, answers: [gate])
            .accept(event(.finished, from: "approval-service"), from: "eve", at: Self.now)
        #expect(ApprovalVote(forged)?.by == "eve")
        // One that has started ends its own part only, and only once.
        let own = event(.started, from: "bot")
        let part = try ApprovalAnswer(to: triggered, isOpen: true, answers: [gate, own])
            .accept(event(.finished, from: "bot"), from: "eve", at: Self.now)
        #expect(part == event(.finished, from: "bot"))
        let again = try ApprovalAnswer(to: triggered, isOpen: true, answers: [gate, own, part])
            .accept(event(.finished, from: "bot"), from: "eve", at: Self.now)
        #expect(ApprovalVote(again)?.by == "eve")
    }

    @Test("What is over says who decided what; what was never asked says that")
    func over() throws {
        var decided = event(.finished, from: "cli", result: "fail")
        decided.data = .json(["result": "fail", "approval": ["answers": [["by": "alice"]]]])
        let late = event(.finished, from: "other")
        #expect(
            throws: ApprovalAnswer.Refusal.over(
                "this approval was answered with 'fail' by alice at \(Self.now.rfc3339)")
        ) {
            try ApprovalAnswer(to: triggered(), isOpen: false, answers: [decided]).accept(
                late, from: "bob", at: Self.now)
        }
        #expect(throws: ApprovalAnswer.Refusal.over("this approval is not open any more: its sequence has ended")) {
            try ApprovalAnswer(to: triggered(), isOpen: false, answers: []).accept(late, from: "bob", at: Self.now)
        }
        #expect(throws: ApprovalAnswer.Refusal.unknown("nothing has asked for an approval with the event t")) {
            try ApprovalAnswer(to: nil, isOpen: false, answers: []).accept(late, from: "bob", at: Self.now)
        }
    }

    @Test("The verdict: one decline, or as many different people as are needed")
    func verdict() {
        func vote(_ by: String, _ approves: Bool = true) -> ApprovalVote {
            ApprovalVote(by: by, approves: approves, comment: "", at: Self.now)
        }
        #expect(ApprovalVerdict([vote("a"), vote("a")], approvers: 2) == nil)
        #expect(ApprovalVerdict([vote("a"), vote("a", false)], approvers: 2) == nil)
        #expect(ApprovalVerdict([vote("a"), vote("b")], approvers: 2)?.message == "a approved; b approved")
        #expect(ApprovalVerdict([vote("a"), vote("b", false)], approvers: 3)?.result == .fail)
        #expect(ApprovalVerdict([vote("a"), vote("b"), vote("c", false)], approvers: 2)?.result == .fail)
        #expect(ApprovalVerdict([], approvers: 1) == nil)
    }
}
