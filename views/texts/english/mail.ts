/** What is sent by mail. */
export const mail = {};
