// The editor of definitions, against a real hora.
import { expect, test } from "vitest";
import { axe, definition, put } from "./harness";
import { suite } from "./suite";

const s = suite();

test("what is wrong is gone to when somebody saves, a closed section opens for it; a warning stands once", async () => {
  const page = await s.go("#/new");
  const make = page.getByRole("button", { name: "Make the job" });
  await page.getByText("The definition is valid.").waitFor();
  await make.click();
  await page.locator("[data-field=name].invalid").getByText("A job needs a name.").waitFor();
  await page.waitForFunction(() => document.activeElement?.closest("[data-field]")?.getAttribute("data-field") === "name");
  await page.keyboard.type("careless");
  await page.getByLabel(/^Run as user/).fill("root");
  await page.getByText("the job runs as root").waitFor();
  expect(await page.getByText("the job runs as root").count()).toBe(1);
  await page.getByText("Policies").click();
  await page.getByLabel(/^Time limit/).fill("soon");
  await page.locator("[data-field=timeout].invalid").waitFor();
  await page.getByText("Policies").click();
  await make.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.closest("[data-field]")?.getAttribute("data-field") === "timeout");
  expect(await axe(page)).toEqual([]);
  await page.locator("aside").getByRole("button", { name: "Time limit" }).click();
  await page.waitForFunction(() => document.activeElement?.closest("[data-field]")?.getAttribute("data-field") === "timeout");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("PT1H");
  await page.getByText("The definition is valid.").waitFor();
  await make.click();
  await page.getByRole("heading", { name: "careless" }).waitFor();
  expect((await definition(s.hora.base, "careless")).timeout).toBe("PT1H");
});

test("a schedule in words, with changes of the clock, and in its other form", async () => {
  const page = await s.go("#/new");
  await page.getByLabel(/^Schedule/).fill("30 2 25-31 3 *");
  await page.getByLabel(/^Time zone/).fill("Europe/Berlin");
  await page.locator(".meaning").getByText("put off by the clock change").first().waitFor();
  await page.getByLabel(/^Schedule/).fill("0 0 13 * 5");
  await page.getByText(/As ISO 8601 it cannot be written exactly/).waitFor();
  await page.getByLabel(/^Schedule/).fill("0 9 * * 1-5");
  await page.getByText("As ISO 8601 it takes 5 schedules, for a job each").click();
  await page.locator(".meaning li").nth(4).waitFor();
  await page.getByLabel(/^Schedule/).fill("15 */2 * * *");
  await page.getByLabel(/^Time zone/).fill("UTC");
  await page.getByRole("button", { name: /Write it as ISO 8601: R\/.*\/PT2H/ }).click();
  expect(await page.getByLabel(/^Schedule/).inputValue()).toMatch(/^R\/.*\/PT2H$/);
  await page.getByRole("button", { name: "Write it as cron: 15 */2 * * *" }).click();
  expect(await page.getByLabel(/^Schedule/).inputValue()).toBe("15 */2 * * *");
  expect(await axe(page)).toEqual([]);
  await page.getByLabel(/^Schedule/).fill("61 * * * *");
  await page.locator("[data-field=schedule].invalid").waitFor();
  await page.locator(".meaning").waitFor({ state: "detached" });
});

test("an expression is completed, tried and drawn", async () => {
  const page = await s.go("#/new");
  await page.getByLabel(/^Name/).fill("by-expression");
  await page.getByRole("button", { name: "By an expression" }).click();
  const box = page.getByLabel(/^Expression/);
  await box.click();
  await page.keyboard.type("load-ord");
  await page.getByRole("option", { name: "load-orders" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await page.keyboard.type(" && fai");
  await page.getByRole("option", { name: "failed(…)" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type("nightly");
  await page.getByRole("option", { name: "nightly-report" }).click();
  await page.locator("[data-field=trigger].invalid").waitFor(); // the bracket is still open
  await page.keyboard.type(")");
  await page.locator("[data-field=trigger].invalid").waitFor({ state: "detached" });
  expect(await box.inputValue()).toBe("load-orders && failed(nightly-report)");
  await page.locator(".graph.tiny .box").nth(2).waitFor();
  await page.locator(".graph.tiny").getByText("failed", { exact: true }).waitFor();
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "Make the job" }).click();
  await page.getByRole("heading", { name: "by-expression" }).waitFor();
  expect((await definition(s.hora.base, "by-expression")).trigger).toBe("load-orders && failed(nightly-report)");
});

test("a container with a driver's volume and a network; a mistake in it stands at its field", async () => {
  await put(s.hora.base, { name: "boxed", schedule: "0 0 1 1 *", command: "true" });
  const page = await s.go("#/jobs/boxed/definition");
  await page.getByText("Container", { exact: true }).click();
  await page.getByLabel("The task runs in a container").check();
  await page.locator("[data-field='container.image'].invalid").waitFor();
  await page.getByLabel(/^Image/).fill("busybox:1.36");
  const part = (path: string) => page.locator(`fieldset[data-field="container.${path}"]`);
  await part("volumes").getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Volumes 1: Path in the container").fill("/data");
  await page.getByLabel("A volume of a driver").check();
  await page.locator("[data-field='container.volumes.external.name'] input").fill("vol");
  await part("networkInfos").getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Networks 1: Name").fill("overlay");
  await page.getByLabel("Networks 1: Protocol").selectOption("IPv4");
  await part("networkInfos.portMappings").getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Port mappings 1: Port of the host").fill("0");
  await page.getByLabel("Port mappings 1: Port of the container").fill("99999");
  await part("networkInfos.portMappings")
    .getByText(/out of range/)
    .waitFor();
  await page.getByLabel("Port mappings 1: Port of the container").fill("8080");
  await part("networkInfos.labels").getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Labels 1: Key").fill("team");
  await page.getByText("The definition is valid.").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("boxed is saved.").waitFor();
  expect((await definition(s.hora.base, "boxed")).container).toMatchObject({
    image: "busybox:1.36",
    volumes: [{ containerPath: "/data", external: { name: "vol", provider: "dvdi", options: [] } }],
    networkInfos: [
      {
        name: "overlay",
        protocol: "IPv4",
        labels: [{ key: "team", value: "" }],
        portMappings: [{ hostPort: "0", containerPort: "8080" }],
      },
    ],
  });
});

test("leaving with what is not saved asks", async () => {
  await put(s.hora.base, { name: "left", schedule: "0 0 1 1 *", command: "one" });
  const page = await s.go("#/jobs/left/definition");
  await page.getByLabel(/^Command/).fill("two");
  let asked = 0;
  let stay = true;
  page.on("dialog", (d) => {
    asked++;
    void (stay ? d.dismiss() : d.accept());
  });
  await page.getByRole("link", { name: "Activity" }).click();
  await page.waitForFunction(() => location.hash.includes("left/definition"));
  expect(await page.getByLabel(/^Command/).inputValue()).toBe("two");
  expect(asked).toBe(1);
  stay = false;
  await page.getByRole("link", { name: "Activity" }).click();
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  expect(asked).toBe(2);
  expect((await definition(s.hora.base, "left")).command).toBe("one");
});
