import CloudEvents
import RemoteClients
import Testing

@Suite("Answers that nobody waits for", .timeLimit(.minutes(5)))
struct OrphanTests {
    private static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
            - name: dev
              sequences: [{name: delivery, tasks: [{name: build}, {name: check}]}]
        """

    @Test("An end of a task that is over or never was is taken, has no effect, is shown and counted")
    func orphans() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let context = try await project.trigger("delivery")
            let check = try await {
                let build = try await project.task("build", of: context)
                try await project.start(build)
                try await project.finish(build)
                let check = try await project.task("check", of: context)
                try await project.finish(build, result: "fail", source: "late")
                return check
            }()
            let unknown = check.setting("id", to: "nobody-knows")
            try await project.finish(unknown, result: "fail", source: "lost")
            try await project.start(check)
            try await project.finish(check)
            try await project.becomes("finished", context)

            try await KeptnProcess.eventually("both are counted") {
                let metrics = try await project.server.metrics()
                return metrics.contains("\nkeptn_orphans_total 2.0\n")
            }
            let lines = try await project.server.send("GET", "/controlPlane/v1/log").json["logs"]?.elements ?? []
            let shown = Set(
                lines.map { "\($0["integrationid"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" })
            let late = try #require(try await project.latest("build.triggered", of: context)?["id"]?.stringValue)
            #expect(
                shown == [
                    "late: sh.keptn.event.build.finished had no effect: no open task was triggered by event "
                        + late,
                    "lost: sh.keptn.event.check.finished had no effect: no open task was triggered by event "
                        + "nobody-knows",
                ])
        }
    }

    @Test("Who names a project of theirs cannot end a task of another one")
    func foreignProject() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let other: JSON = ["name": "other", "shipyard": .string(Base64.encode(Self.shipyard.utf8))]
            #expect(try await project.server.send("POST", "/controlPlane/v1/project", other).status == 201)
            let context = try await project.trigger("delivery")
            let build = try await project.task("build", of: context)
            try await project.start(build)
            for (type, verdict) in [("build.started", "unknown"), ("build.finished", "fail")] {
                let data: JSON = [
                    "project": "other", "stage": "dev", "service": "cart", "status": "succeeded",
                    "result": .string(verdict),
                ]
                try await project.send(type, data, answering: build, source: "stranger")
            }
            try await project.finish(build)
            let check = try await project.task("check", of: context)
            try await project.start(check)
            try await project.finish(check)
            try await project.becomes("finished", context)
            try await KeptnProcess.eventually("the stranger's end is an orphan") {
                let logs = try await project.server.send("GET", "/controlPlane/v1/log").json["logs"]?.elements ?? []
                return logs.compactMap { $0["integrationid"]?.stringValue } == ["stranger"]
            }
        }
    }
}
